package sqlite_test

import (
	"database/sql"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// A recording is what Better Auth's migrator does; see testdata/record.mjs.
type recording struct {
	Plan   []string `json:"plan"`
	Master []object `json:"master"`
}

// An object is a row of sqlite_schema.
type object struct {
	Name string  `json:"name"`
	SQL  *string `json:"sql"`
}

func recorded(t *testing.T, name string) recording {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// raw opens a file as another program would.
func raw(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func run(tb testing.TB, db *sql.DB, statements ...string) {
	tb.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
	}
}

func master(t *testing.T, path string) []object {
	t.Helper()
	rows, err := raw(t, path).Query("select name, sql from sqlite_schema order by rowid")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []object
	for rows.Next() {
		var o object
		if err := rows.Scan(&o.Name, &o.SQL); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// coreTables are Better Auth's own.
func coreTables() []schema.Table { return storetest.Tables()[:5] }

// with returns the core tables with another before the last, where upstream
// puts those of plugins.
func with(t schema.Table) []schema.Table {
	core := coreTables()
	return append(core[:4:4], t, core[4])
}

func oddTable() schema.Table {
	return schema.Table{
		Name: "odd", ModelName: "odd_things",
		Fields: []schema.Field{
			{Name: "text", FieldName: `the "text"`, Required: true},
			{Name: "number", Type: schema.Number},
			{Name: "big", Type: schema.Number, BigInt: true},
			{Name: "flag", Type: schema.Bool, Default: func() any { return false }},
			{Name: "at", FieldName: "at_time", Type: schema.Date},
			{Name: "json", Type: schema.JSON},
			{Name: "strings", Type: schema.Strings},
			{Name: "numbers", Type: schema.Numbers},
			{Name: "key", Unique: true},
			{Name: "tag", Index: true},
			{Name: "owner", Unique: true, References: &schema.Reference{Table: "user", Field: "id"}},
			{Name: "group", Required: true},
			{Name: "name", Required: true, Default: func() any { return "it's" }},
		},
		Indexes: []schema.Index{{Fields: []string{"group", "name"}, Unique: true}, {Fields: []string{"tag", "at"}}},
	}
}

func longTable() schema.Table {
	c, u := strings.Repeat("c", 40), strings.Repeat("ü", 20)+"🙂"
	return schema.Table{
		Name:   strings.Repeat("t", 40),
		Fields: []schema.Field{{Name: c, Index: true}, {Name: u, Required: true, Index: true}, {Name: "b", Required: true}},
		Indexes: []schema.Index{
			{Fields: []string{"b", c}},
			{Fields: []string{"b", u}, Unique: true},
			{Fields: []string{u, c}},
		},
	}
}

// grown returns the core tables with more fields of user, and oddTable.
func grown() []schema.Table {
	tables := with(oddTable())
	always := func(v any) func() any { return func() any { return v } }
	tables[0].Fields = append(tables[0].Fields,
		schema.Field{Name: "nick", Unique: true},
		schema.Field{Name: "level", Type: schema.Number, Required: true, Default: always(3.0)},
		schema.Field{Name: "ratio", Type: schema.Number, Default: always(-0.5)},
		schema.Field{Name: "vip", Type: schema.Bool, Required: true, Default: always(true)},
		schema.Field{Name: "note", Required: true, Default: always("it's")},
		schema.Field{Name: "born", Type: schema.Date},
		schema.Field{Name: "tag", Index: true},
		schema.Field{Name: "boss", References: &schema.Reference{Table: "user", Field: "id"}},
		schema.Field{Name: "cfg", Type: schema.JSON},
		schema.Field{Name: "list", Type: schema.Strings, Default: func() any { return []string{} }},
		schema.Field{Name: "dflt", Unique: true, Default: always("x")},
		schema.Field{Name: "uq", Type: schema.Number, Required: true, Unique: true, Default: always(1.0)},
	)
	return tables
}

// TestMigrateAsUpstream checks that the statements and what SQLite keeps of
// them are, to the letter, those of Better Auth.
func TestMigrateAsUpstream(t *testing.T) {
	for _, c := range []struct {
		name   string
		tables []schema.Table
		before []schema.Table // of the file that is brought up to date
	}{
		{"core", coreTables(), nil},
		{"odd", with(oddTable()), nil},
		{"long", with(longTable()), nil},
		{"grow", grown(), coreTables()},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := recorded(t, c.name)
			path := filepath.Join(t.TempDir(), "auth.db")
			if c.before != nil {
				migrate(t, openAt(t, path), c.before)
			}
			s := openAt(t, path)
			if err := s.Bind(c.tables); err != nil {
				t.Fatal(err)
			}
			plan, err := s.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Plan, plan); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Master, master(t, path)); diff != "" {
				t.Errorf("sqlite_schema (-want +got):\n%s", diff)
			}
			if plan, err := s.Plan(t.Context()); err != nil || len(plan) != 0 {
				t.Errorf("plan after the migration: %q, %v", plan, err)
			}
		})
	}
}

// TestMigrateAdds checks what is added to files that others made.
func TestMigrateAdds(t *testing.T) {
	core := recorded(t, "core").Plan
	for _, c := range []struct {
		rule   string
		before []string
		want   []string
	}{
		{"nothing to a file of Better Auth", core, nil},
		{"nothing because of other tables, columns, indexes, views and triggers", append(slices.Clip(core),
			`create table mine (a)`, `alter table "user" add column mine integer`, `alter table "user" add column sure text not null default 'x'`,
			`create index mine_idx on "user" ("name")`, `create view v as select * from "user"`,
			`create trigger tr after insert on mine begin select 1; end`), nil},
		{"the indexes of single fields", core[:5], core[5:]},
		{"the tables that are missing", core[:3], core[3:]},
		{"no index where a longer one serves", append(core[:6:6], core[7],
			`create index mine on "account" ("userId", "providerId")`), nil},
		{"an index where the one there is partial", append(core[:6:6], core[7],
			`create index mine on "account" ("userId") where "scope" is null`), core[6:7]},
		{
			"an index for a unique field that has none", append([]string{strings.Replace(core[0], " unique", "", 1)}, core[1:]...),
			[]string{`create unique index "user_email_uidx" on "user" ("email")`},
		},
		{"nothing to a table spelt with other capitals", append([]string{strings.Replace(core[0], `"user"`, `"User"`, 1)}, core[1:]...), nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "auth.db")
			run(t, raw(t, path), c.before...)
			s := openAt(t, path)
			if err := s.Bind(coreTables()); err != nil {
				t.Fatal(err)
			}
			got, err := s.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Errorf("Migrate: %v", err)
			}
		})
	}
}

// TestMigrateRefuses checks that a file that adding cannot bring up to date is
// left alone, with an error that says what to do.
func TestMigrateRefuses(t *testing.T) {
	core := recorded(t, "core").Plan
	ada := `insert into "user" values ('1', 'Ada', 'ada@x', 1, null, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')`
	bob := strings.NewReplacer("'1'", "'2'").Replace(ada)
	must := func() []schema.Table {
		tables := coreTables()
		tables[0].Fields = append(tables[0].Fields, schema.Field{Name: "must", Required: true}, schema.Field{Name: "may"})
		return tables
	}
	for _, c := range []struct {
		rule   string
		before []string
		tables []schema.Table
		want   string
	}{
		{"a required column for rows that exist", append(core[:1:1], ada), must(), `table "user" has rows, and the new column "must" is required`},
		{
			"a NOT NULL column that nobody fills",
			[]string{strings.Replace(core[0], `"image" text`, `"image" text, "shoe" integer not null`, 1)},
			coreTables(), `column "shoe" of table "user" is NOT NULL but nobody fills it`,
		},
		{
			"a column of numbers for text",
			[]string{strings.Replace(core[0], `"image" text`, `"image" integer`, 1)},
			coreTables(), `column "image" of table "user" is declared "INTEGER", which cannot hold a string`,
		},
		{
			"a column of text for a number",
			[]string{strings.Replace(core[4], `"count" integer`, `"count" varchar(9)`, 1)},
			coreTables(), `column "count" of table "rateLimit" is declared "varchar(9)", which cannot hold a number`,
		},
		{
			"an index of the right name over other columns", append(slices.Clip(core), recorded(t, "odd").Plan[4],
				`create index "odd_things_group_name_uidx" on odd_things ("name")`),
			with(oddTable()), `index "odd_things_group_name_uidx" on table "odd_things" is not over the fields`,
		},
		{
			"values that are there twice",
			[]string{strings.Replace(core[0], " unique", "", 1), ada, bob},
			coreTables(), "UNIQUE constraint failed: user.email",
		},
		{"a view in the place of a table", []string{`create view "user" as select 1 as id`}, coreTables(), `"user" is a view`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "auth.db")
			run(t, raw(t, path), c.before...)
			before := master(t, path)
			s := openAt(t, path)
			if err := s.Bind(c.tables); err != nil {
				t.Fatal(err)
			}
			err := s.Migrate(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if diff := cmp.Diff(before, master(t, path)); diff != "" {
				t.Errorf("the file changed (-before +after):\n%s", diff)
			}
		})
	}
	t.Run("but not a required column for a table without rows", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "auth.db")
		run(t, raw(t, path), core...)
		migrate(t, openAt(t, path), must())
	})
}

// TestMigrateKeepsRows checks that rows survive and new fields have their
// constant defaults.
func TestMigrateKeepsRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	old := openAt(t, path)
	migrate(t, old, coreTables())
	created, err := old.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Create, Table: "user", Set: person("ada@x")}}})
	if err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path)
	migrate(t, s, grown())
	want := created[0]
	maps.Copy(want, store.Record{
		"nick": nil, "level": 3.0, "ratio": -0.5, "vip": true, "note": "it's", "born": nil, "tag": nil,
		"boss": nil, "cfg": nil, "list": nil, "dflt": nil, "uq": 1.0,
	})
	got, err := s.Read(t.Context(), store.Query{Table: "user"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]store.Record{want}, got[0].Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	// The older program goes on beside the newer one.
	if _, err := old.Read(t.Context(), store.Query{Table: "user"}); err != nil {
		t.Errorf("Read with the older schema: %v", err)
	}
}

// TestIssuer checks the column that Better Auth 1.7.0 to 1.7.2 left behind.
func TestIssuer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	core := recorded(t, "core").Plan
	core[2] = strings.Replace(core[2], `"accountId" text not null`, `"accountId" text not null, "issuer" text not null`, 1)
	db := raw(t, path)
	run(t, db, core...)
	s := openAt(t, path)
	migrate(t, s, coreTables())
	var ops []store.Op
	user := person("ada@x")
	ops = append(ops, store.Op{Verb: store.Create, Table: "user", Set: user})
	for _, provider := range []string{"credential", "github", "my idp/ü!*'()~-_.+"} {
		ops = append(ops, store.Op{Verb: store.Create, Table: "account", Set: store.Record{
			"accountId": provider, "providerId": provider, "userId": store.IDOf(0), "createdAt": now(), "updatedAt": now(),
		}})
	}
	rows, err := s.Apply(t.Context(), store.Batch{Ops: ops})
	if err != nil {
		t.Fatal(err)
	}
	if _, there := rows[1]["issuer"]; there {
		t.Error("the column shows in the record")
	}
	for provider, want := range map[string]string{
		"credential":         "local:credential",
		"github":             "local:oauth:github",
		"my idp/ü!*'()~-_.+": "local:oauth:my%20idp%2F%C3%BC!*'()~-_.%2B", // as encodeURIComponent writes it
	} {
		var got string
		if err := db.QueryRow(`select "issuer" from "account" where "providerId" = ?`, provider).Scan(&got); err != nil || got != want {
			t.Errorf("issuer of %q: got %q, %v; want %q", provider, got, err, want)
		}
	}
}

// TestBindRefuses checks that schemas that make no sense are reported.
func TestBindRefuses(t *testing.T) {
	one := func(t schema.Table) []schema.Table { return []schema.Table{t} }
	for rule, c := range map[string]struct {
		tables []schema.Table
		want   string
	}{
		"a table twice":                     {append(coreTables(), coreTables()[0]), `table "user" is there twice`},
		"two tables of one name":            {[]schema.Table{{Name: "a"}, {Name: "b", ModelName: "A"}}, "would both be called"},
		"a field twice":                     {one(schema.Table{Name: "a", Fields: []schema.Field{{Name: "b"}, {Name: "b"}}}), "twice"},
		"a field that is the id":            {one(schema.Table{Name: "a", Fields: []schema.Field{{Name: "b", FieldName: "ID"}}}), "twice"},
		"a reference to nothing":            {coreTables()[1:], "points at user.id, which is not bound"},
		"an index without fields":           {one(schema.Table{Name: "a", Indexes: []schema.Index{{}}}), "0 fields"},
		"an index over an unknown field":    {one(schema.Table{Name: "a", Indexes: []schema.Index{{Fields: []string{"b"}}}}), "unknown field"},
		"a unique index over null":          {one(schema.Table{Name: "a", Fields: []schema.Field{{Name: "b"}}, Indexes: []schema.Index{{Fields: []string{"b"}, Unique: true}}}), "may be null"},
		"an index over JSON":                {one(schema.Table{Name: "a", Fields: []schema.Field{{Name: "b", Type: schema.JSON}}, Indexes: []schema.Index{{Fields: []string{"b"}}}}), "a json"},
		"an index over a field twice":       {one(schema.Table{Name: "a", Indexes: []schema.Index{{Fields: []string{"id", "id"}}}}), "twice"},
		"an index with the name of a table": {[]schema.Table{{Name: "a", Fields: []schema.Field{{Name: "b", Index: true}}}, {Name: "a_b_idx"}}, "would both be called"},
	} {
		t.Run(rule, func(t *testing.T) {
			s := openAt(t, filepath.Join(t.TempDir(), "auth.db"))
			if err := s.Bind(c.tables); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if _, err := s.Read(t.Context(), store.Query{Table: "a"}); err == nil {
				t.Error("the store can be used all the same")
			}
		})
	}
}

// FuzzEncodeURIComponent checks that the encoding can be undone and leaves no
// character that has a meaning in a URL.
func FuzzEncodeURIComponent(f *testing.F) {
	f.Add("github")
	f.Add("a b/ü&=#?%+*'()!~")
	f.Fuzz(func(t *testing.T, s string) {
		got := sqlite.EncodeURIComponent(s)
		if strings.ContainsAny(got, " /&=#?+:;,@$[]{}<>\"\\^`|") {
			t.Errorf("%q becomes %q", s, got)
		}
		if back, err := url.PathUnescape(got); err != nil || back != s {
			t.Errorf("%q becomes %q and then %q, %v", s, got, back, err)
		}
	})
}
