package jsjson_test

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
)

// recording is testdata/javascript.json, which testdata/generate.mjs prints.
type recording struct {
	Numbers []struct {
		Bits string `json:"bits"`
		JSON string `json:"json"`
	} `json:"numbers"`
	Strings []struct {
		Text string `json:"text"` // in hex
		JSON string `json:"json"` // in hex
	} `json:"strings"`
	Parse []struct {
		Text string  `json:"text"` // in hex
		JSON *string `json:"json"` // nil: JSON.parse refuses it
	} `json:"parse"`
	Times []struct {
		Text string `json:"text"`
		MS   *int64 `json:"ms"` // nil: stays a string
	} `json:"times"`
	Dates []struct {
		MS   int64  `json:"ms"`
		JSON string `json:"json"`
	} `json:"dates"`
}

func readRecording(t *testing.T) recording {
	t.Helper()
	data, err := os.ReadFile("testdata/javascript.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Numbers) < 200 || len(r.Strings) < 20 || len(r.Parse) < 80 || len(r.Times) < 40 || len(r.Dates) < 10 {
		t.Fatal("testdata/javascript.json is not complete")
	}
	return r
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAppendAsJavaScript(t *testing.T) {
	r := readRecording(t)
	for _, c := range r.Numbers {
		bits, err := strconv.ParseUint(c.Bits, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(jsjson.AppendNumber(nil, math.Float64frombits(bits))); got != c.JSON {
			t.Errorf("number %s: got %s, want %s", c.Bits, got, c.JSON)
		}
	}
	for _, c := range r.Strings {
		text, want := unhex(t, c.Text), unhex(t, c.JSON)
		if got := jsjson.AppendString(nil, string(text)); string(got) != string(want) {
			t.Errorf("string %q: got %s, want %s", text, got, want)
		}
	}
	for _, c := range r.Dates {
		if got := string(jsjson.AppendTime(nil, time.UnixMilli(c.MS))); got != c.JSON {
			t.Errorf("date %d: got %s, want %s", c.MS, got, c.JSON)
		}
	}
}

func TestAppendTimeCutsToMilliseconds(t *testing.T) {
	zone := time.FixedZone("east", 2*60*60)
	got := string(jsjson.AppendTime(nil, time.Date(2026, 1, 2, 3, 4, 5, 6_999_999, zone)))
	if want := `"2026-01-02T01:04:05.006Z"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAppendValue(t *testing.T) {
	at := time.UnixMilli(1767323045678)
	v := map[string]any{
		"z": []any{nil, "a<b", true, false, 1.5, 7, int64(-8), at},
		"b": []string{"x", "\u2028"}, "a": []float64{1, math.Inf(1)},
		"none": []string(nil), "nothing": map[string]any(nil), "empty": []any{},
		"raw": json.RawMessage(`{"k": 1}`), "rawNil": json.RawMessage(nil), "": map[string]any{},
	}
	got := string(jsjson.AppendValue([]byte("="), v))
	want := `={"":{},"a":[1,null],"b":["x","` + "\u2028" + `"],"empty":[],"none":null,"nothing":null,"raw":{"k": 1},"rawNil":null,` +
		`"z":[null,"a<b",true,false,1.5,7,-8,"2026-01-02T03:04:05.678Z"]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAppendValueRefusesOtherTypes(t *testing.T) {
	defer func() {
		if got, want := recover(), "jsjson: cannot write a value of type struct {}"; got != want {
			t.Errorf("panic: got %v, want %v", got, want)
		}
	}()
	jsjson.AppendValue(nil, struct{}{})
}

func TestReadAsJavaScript(t *testing.T) {
	r := readRecording(t)
	for _, c := range r.Parse {
		text := unhex(t, c.Text)
		got, err := jsjson.Decode(text)
		if c.JSON == nil {
			if err == nil || got != nil {
				t.Errorf("Decode(%q): got %v, want an error", text, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("Decode(%q): %v", text, err)
			continue
		}
		var want any
		if err := json.Unmarshal([]byte(*c.JSON), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, spell(got)); diff != "" {
			t.Errorf("Decode(%q) (-want +got):\n%s", text, diff)
		}
	}
	for _, c := range r.Times {
		at, ok := jsjson.Time(jsjson.AppendString(nil, c.Text))
		if ok != (c.MS != nil) {
			t.Errorf("Time(%q): got %v, want %v", c.Text, ok, c.MS != nil)
			continue
		}
		if ok && (at.UnixMilli() != *c.MS || at.Nanosecond()%1e6 != 0 || at.Location() != time.UTC) {
			t.Errorf("Time(%q): got %v, want %d ms", c.Text, at, *c.MS)
		}
	}
}

// spell replaces the numbers that JSON.stringify would lose, as generate.mjs does.
func spell(v any) any {
	switch v := v.(type) {
	case float64:
		switch {
		case v == 0 && math.Signbit(v):
			return "-0"
		case math.IsInf(v, 1):
			return "1e400"
		case math.IsInf(v, -1):
			return "-1e400"
		}
	case []any:
		for i := range v {
			v[i] = spell(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = spell(v[k])
		}
	}
	return v
}
