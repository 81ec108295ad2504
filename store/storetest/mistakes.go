package storetest

import (
	"errors"
	"testing"

	"github.com/lockstep-auth/lockstep/store"
)

func mistakeCases() []testCase {
	return []testCase{
		{"BadQueries", nil, testBadQueries},
		{"BadOperations", nil, testBadOperations},
	}
}

// wantMistake checks that err is none of those that a caller handles.
func wantMistake(t *testing.T, err error) {
	t.Helper()
	_, guard := errors.AsType[*store.GuardError](err)
	_, unique := errors.AsType[*store.UniqueError](err)
	if err == nil || guard || unique || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("got %v, want an error about a mistake", err)
	}
}

// badConds returns conditions that no store takes.
func badConds() map[string]store.Cond {
	return map[string]store.Cond{
		"unknown field":                {Field: "none", Value: "x"},
		"empty field":                  {Value: "x"},
		"name of the column":           {Field: "the_text", Value: "x"},
		"SQL in a field":               {Field: `text" = '' or "text`, Value: "x"},
		"unknown operator":             {Field: "text", Op: 99, Value: "x"},
		"number for text":              {Field: "text", Value: 1.0},
		"text for a number":            {Field: "number", Value: "1"},
		"int for a number":             {Field: "number", Value: 1},
		"text for a date":              {Field: "at", Value: "2026-01-01"},
		"number for a flag":            {Field: "flag", Value: 1.0},
		"order of flags":               {Field: "flag", Op: store.Lt, Value: true},
		"list without In":              {Field: "text", Value: []string{"x"}},
		"In without list":              {Field: "text", Op: store.In, Value: "x"},
		"In of null":                   {Field: "text", Op: store.In, Value: nil},
		"In with a list of other type": {Field: "number", Op: store.In, Value: []string{"1"}},
		"In with a list of any":        {Field: "text", Op: store.In, Value: []any{"x"}},
		"Contains null":                {Field: "text", Op: store.Contains, Value: nil},
		"Contains in a number":         {Field: "number", Op: store.Contains, Value: "1"},
		"equal JSON":                   {Field: "json", Value: map[string]any{}},
		"equal strings":                {Field: "strings", Value: []string{}},
		"order of JSON":                {Field: "json", Op: store.Lt, Value: "x"},
	}
}

func testBadQueries(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a"))
	queries := map[string]store.Query{
		"unknown table":            {Table: "none"},
		"name in the database":     {Table: "odd_things"},
		"unknown sort":             {Table: "odd", SortBy: "none"},
		"sort by JSON":             {Table: "odd", SortBy: "json"},
		"negative limit":           {Table: "odd", Limit: -1},
		"negative offset":          {Table: "odd", Offset: -1},
		"join of an unknown table": {Table: "odd", With: &store.Join{Table: "none", Local: "id", Foreign: "id"}},
		"join by an unknown field": {Table: "odd", With: &store.Join{Table: "user", Local: "none", Foreign: "id"}},
		"join to an unknown field": {Table: "odd", With: &store.Join{Table: "user", Local: "text", Foreign: "none"}},
		"join of different types":  {Table: "odd", With: &store.Join{Table: "user", Local: "number", Foreign: "id"}},
		"id of an operation":       {Table: "odd", Where: store.Is("id", store.IDOf(0))},
	}
	for rule, c := range badConds() {
		w := store.Where{All: []store.Cond{c}}
		queries[rule] = store.Query{Table: "odd", Where: w}
		queries[rule+", any"] = store.Query{Table: "odd", Where: store.Where{Any: w.All}}
		queries[rule+", count"] = store.Query{Table: "odd", Where: w, Count: true}
		queries[rule+", in a join"] = store.Query{Table: "odd", With: &store.Join{Table: "odd", Local: "key", Foreign: "id", Where: w}}
	}
	for rule, q := range queries {
		t.Run(rule, func(t *testing.T) {
			results, err := s.Read(t.Context(), store.Query{Table: "odd"}, q)
			wantMistake(t, err)
			if results != nil {
				t.Errorf("results with an error: %v", results)
			}
		})
	}
}

func testBadOperations(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a"))
	a := store.Is("name", "a")
	set := store.Record{"text": "changed"}
	ops := map[string]store.Op{
		"update without Where":      {Verb: store.Update, Table: "odd", Set: set},
		"delete without Where":      {Verb: store.Delete, Table: "odd"},
		"check without Where":       {Verb: store.Check, Table: "odd"},
		"create with Where":         {Verb: store.Create, Table: "odd", Where: a, Set: odd("b")},
		"create with Add":           {Verb: store.Create, Table: "odd", Set: odd("b"), Add: map[string]float64{"number": 1}},
		"create with an Expect":     {Verb: store.Create, Table: "odd", Set: odd("b"), Expect: store.One},
		"delete with Set":           {Verb: store.Delete, Table: "odd", Where: a, Set: set},
		"check with Set":            {Verb: store.Check, Table: "odd", Where: a, Set: set},
		"update of an id":           {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"id": "x"}},
		"None for an update":        {Verb: store.Update, Table: "odd", Where: a, Set: set, Expect: store.None},
		"None for a deletion":       {Verb: store.Delete, Table: "odd", Where: a, Expect: store.None},
		"unknown verb":              {Verb: 99, Table: "odd", Where: a},
		"unknown expectation":       {Verb: store.Delete, Table: "odd", Where: a, Expect: 99},
		"unknown table":             {Verb: store.Create, Table: "none", Set: odd("b")},
		"unknown field to create":   {Verb: store.Create, Table: "odd", Set: odd("b", "none", "x")},
		"unknown field to update":   {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"none": "x"}},
		"column name to update":     {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"the_text": "x"}},
		"wrong type to create":      {Verb: store.Create, Table: "odd", Set: odd("b", "text", 1.0)},
		"wrong type to update":      {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"flag": 1.0}},
		"int for a number":          {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"number": 1}},
		"a struct for JSON":         {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"json": struct{}{}}},
		"a function within JSON":    {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"json": []any{func() {}}}},
		"null for a required field": {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"name": nil}},
		"Add to text":               {Verb: store.Update, Table: "odd", Where: a, Add: map[string]float64{"text": 1}},
		"Add to an unknown field":   {Verb: store.Update, Table: "odd", Where: a, Add: map[string]float64{"none": 1}},
		"Add to what is set":        {Verb: store.Update, Table: "odd", Where: a, Set: store.Record{"number": 1.0}, Add: map[string]float64{"number": 1}},
	}
	for rule, c := range badConds() {
		w := store.Where{All: []store.Cond{c}}
		ops["update: "+rule] = store.Op{Verb: store.Update, Table: "odd", Where: w, Set: set}
		ops["delete: "+rule] = store.Op{Verb: store.Delete, Table: "odd", Where: w}
		ops["check: "+rule] = store.Op{Verb: store.Check, Table: "odd", Where: w}
	}
	for rule, op := range ops {
		t.Run(rule, func(t *testing.T) { wantMistake(t, refused(t, s, op)) })
	}
}
