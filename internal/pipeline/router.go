package pipeline

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/lockstep-auth/lockstep/plugin"
)

// A router finds the endpoint for a method and path. It compares the path as it
// was sent, byte for byte: unlike http.ServeMux it never redirects, never cleans
// or decodes a path and never answers 405. Clients of Better Auth expect 404 in
// all of these cases, and what is no exact path cannot slip past a guard that
// knows exact paths.
type router struct {
	exact map[route]*plugin.Endpoint
	param map[route]*plugin.Endpoint // by the path without its parameter
}

type route struct{ method, path string }

func newRouter(plugins []plugin.Plugin) (*router, error) {
	rt := &router{exact: make(map[route]*plugin.Endpoint), param: make(map[route]*plugin.Endpoint)}
	owner := make(map[route]string)
	var errs []error
	for i := range plugins {
		for j := range plugins[i].Endpoints {
			e := &plugins[i].Endpoints[j]
			key := route{e.Method, e.Path}
			if first, taken := owner[key]; taken {
				errs = append(errs, fmt.Errorf("lockstep: plugins %q and %q both serve %s %s",
					first, plugins[i].ID, e.Method, e.Path))
				continue
			}
			owner[key] = plugins[i].ID
			if dir, name := cutLast(e.Path); strings.HasPrefix(name, ":") {
				rt.param[route{e.Method, dir}] = e
			} else {
				rt.exact[key] = e
			}
		}
	}
	return rt, errors.Join(errs...)
}

// find returns the endpoint and the value of its parameter, if it has one.
func (rt *router) find(method, path string) (*plugin.Endpoint, string, bool) {
	if e, ok := rt.exact[route{method, path}]; ok {
		return e, "", true
	}
	dir, last := cutLast(path)
	e, ok := rt.param[route{method, dir}]
	if !ok || last == "" {
		return nil, "", false
	}
	value, err := url.PathUnescape(last)
	if err != nil {
		return nil, "", false
	}
	return e, value, true
}

func cutLast(path string) (dir, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return path, ""
	}
	return path[:i], path[i+1:]
}
