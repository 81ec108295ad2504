package convexcheck_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// testStrangers calls every function of the deployment in every way that HTTP
// offers, as anybody on the internet can, and gets nothing: no row, no success.
func (b *bed) testStrangers(t *testing.T) {
	email := address("stranger", b.name)
	s := b.serve(t, newLink(t))
	me := s.signUp(t, email)
	session := token(t, me)
	before := b.dump(t)
	functions := b.functions(t)
	for _, name := range b.served() {
		if !slices.Contains(functions, name) {
			t.Errorf("%s is not among the functions of the deployment: %q", name, functions)
		}
	}
	for _, path := range functions {
		for _, args := range attacks(path, session) {
			for _, req := range requests(t, b.URL, path, args) {
				status, body := send(t, req)
				if strings.Contains(body, email) || strings.Contains(body, session) || strings.Contains(body, `"rows"`) ||
					strings.Contains(body, `"status":"success"`) {
					t.Errorf("%s %s with %s: %d %s", req.Method, req.URL.Path, path, status, body)
				}
			}
		}
	}
	after := b.dump(t)
	for table, rows := range before {
		if len(after[table]) != len(rows) {
			t.Errorf("%s: got %d rows after strangers called, want %d", table, len(after[table]), len(rows))
		}
	}
	if got := me.Get("/get-session?disableCookieCache=true"); got.Status != 200 || got.Body == "null" {
		t.Errorf("the session after strangers called: %d %s", got.Status, got.Body)
	}
}

// served are the functions that a deployment of this access mode has at least.
func (b *bed) served() []string {
	if b.isAtomic {
		return []string{"lockstep:read", "lockstep:apply", "lockstep:describe", "lockstep:cleanUp"}
	}
	return []string{
		"auth:create", "auth:findOne", "auth:findMany", "auth:updateOne", "auth:updateMany", "auth:deleteOne", "auth:deleteMany",
		"adapter:findMany",
	}
}

// functions lists what the deployment has, but for the test bed's own.
func (b *bed) functions(t *testing.T) []string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL+"/__test/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, body := send(t, req)
	var health struct {
		Functions map[string]map[string]string `json:"functions"`
	}
	if err := json.Unmarshal([]byte(body), &health); err != nil {
		t.Fatal(err)
	}
	paths := []string{"adapter:findOne", "adapter:findMany", "betterAuth/adapter:findMany"} // of the component
	for module, names := range health.Functions {
		for name := range names {
			if module != "testbed" {
				paths = append(paths, module+":"+name)
			}
		}
	}
	return paths
}

// attacks returns arguments that would read, change or remove rows, had the
// caller the right to it.
func attacks(path, session string) []map[string]any {
	none := []any{}
	users := map[string]any{"table": "user", "sources": []any{map[string]any{"scan": "all", "fields": none}}, "all": none, "any": none}
	query, deletion := maps.Clone(users), maps.Clone(users)
	query["descending"], query["limit"], query["offset"], query["count"] = false, 0, 0, false
	deletion["verb"], deletion["expect"] = "delete", "some"
	page := map[string]any{"cursor": nil, "numItems": 100}
	where := []any{map[string]any{"field": "token", "value": session}}
	calls := map[string]map[string]any{
		"read":       {"queries": []any{query}},
		"apply":      {"ops": []any{deletion}, "rules": map[string]any{}},
		"describe":   {},
		"cleanUp":    {},
		"findOne":    {"model": "session", "where": where},
		"findMany":   {"model": "user", "paginationOpts": page},
		"create":     {"input": map[string]any{"model": "verification", "data": map[string]any{"identifier": "x", "value": "x", "expiresAt": 1, "createdAt": 1, "updatedAt": 1}}},
		"updateOne":  {"input": map[string]any{"model": "session", "where": where, "update": map[string]any{"expiresAt": 1}}},
		"updateMany": {"input": map[string]any{"model": "session", "where": where, "update": map[string]any{"expiresAt": 1}}, "paginationOpts": page},
		"deleteOne":  {"input": map[string]any{"model": "session", "where": where}},
		"deleteMany": {"input": map[string]any{"model": "session", "where": where}, "paginationOpts": page},
	}
	_, name, _ := strings.Cut(path, ":")
	out := []map[string]any{{}, calls[name]}
	for _, guess := range []string{"", secret[1:], strings.ToUpper(secret)} {
		out = append(out, map[string]any{"secret": guess, "call": calls[name]})
	}
	return out
}

// requests returns the ways to call a function without a credential.
func requests(t *testing.T, origin, path string, args map[string]any) []*http.Request {
	t.Helper()
	var out []*http.Request
	add := func(method, endpoint string, body any) {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, origin+endpoint, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		out = append(out, req)
	}
	call := map[string]any{"path": path, "args": args}
	for _, endpoint := range []string{"query", "mutation", "action", "function"} {
		add(http.MethodPost, "/api/"+endpoint, call)
	}
	add(http.MethodPost, "/api/query_batch", map[string]any{"queries": []any{call}})
	add(http.MethodPost, "/api/run/"+strings.ReplaceAll(path, ":", "/"), map[string]any{"args": args})
	add(http.MethodPost, "/api/function", map[string]any{"componentPath": "betterAuth", "path": path, "args": args})
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	add(http.MethodGet, "/api/query?"+url.Values{"path": {path}, "args": {string(text)}}.Encode(), nil)
	return out
}

// send sends a request and returns the status and the body.
func send(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// dump returns the tables, each oldest first.
func (b *bed) dump(t *testing.T) tables {
	t.Helper()
	target := b.URL + "/__test/dump?component=" + url.QueryEscape(b.config.Component)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, body := send(t, req)
	var ts tables
	if err := json.Unmarshal([]byte(body), &ts); err != nil {
		t.Fatal(err)
	}
	return ts
}
