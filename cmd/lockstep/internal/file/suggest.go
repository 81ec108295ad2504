package file

import (
	"reflect"
	"slices"
	"strings"
)

// suggest names the option that was probably meant by key in the section at
// path, or else those that there are.
func (d *decoder) suggest(path, key string, section reflect.Type) string {
	all, here := d.all(), d.names(path, section)
	if slices.Contains(all, key) {
		return ": write a section for each part of it"
	}
	nearby := here
	for _, at := range all {
		if parent, name := cut(at); parent == path && !slices.Contains(here, name) {
			nearby = append(nearby, name)
		}
	}
	if at := elsewhere(key, all); at != "" && !strings.EqualFold(nearest(key, nearby), key) {
		return ": did you mean " + at + "?"
	}
	return meant(path, key, nearby, here)
}

// meant names the one of nearby that was probably meant by key in the section at
// path, or else those that there are.
func meant(path, key string, nearby, here []string) string {
	if near := nearest(key, nearby); near != "" {
		return ": did you mean " + join(path, near) + "?"
	}
	if len(here) == 0 {
		return ""
	}
	return ": there is " + strings.Join(here, ", ")
}

// nearest returns the name that is like key, or "". A third of the letters may
// differ.
func nearest(key string, names []string) string {
	best, least := "", max(1, len(key)/3)+1
	for _, name := range names {
		if n := distance(strings.ToLower(key), strings.ToLower(name)); n < least {
			best, least = name, n
		}
	}
	return best
}

// elsewhere returns the option whose last name is key, in any section, if there
// is just one.
func elsewhere(key string, paths []string) string {
	found := ""
	for _, path := range paths {
		_, name := cut(path)
		if !strings.EqualFold(name, key) {
			continue
		}
		if found != "" {
			return ""
		}
		found = path
	}
	return found
}

// all returns the paths of all options, sorted.
func (d *decoder) all() []string {
	paths := descend("", reflect.TypeOf(&d.settings.Auth).Elem())
	for path := range d.options {
		paths = append(paths, path)
	}
	for path := range d.refused {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func descend(path string, t reflect.Type) []string {
	var paths []string
	for name, index := range tagged(t) {
		at := join(path, name)
		paths = append(paths, at)
		if f := t.FieldByIndex(index).Type; f.Kind() == reflect.Struct {
			paths = append(paths, descend(at, f)...)
		}
	}
	return paths
}

// distance is how many letters must be put in, taken out, replaced or swapped
// with their neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
