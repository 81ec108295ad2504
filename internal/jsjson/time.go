package jsjson

import (
	"bytes"
	"time"
)

// Time returns the time of a JSON string that upstream turns into a Date
// (@better-auth/core utils/json.ts): YYYY-MM-DDTHH:MM:SSZ, with or without a fraction
// of any length, of which three digits count. As JavaScript does, it takes day 31 of
// any month and hour 24 of any day, and counts on.
func Time(raw []byte) (time.Time, bool) {
	if bytes.IndexByte(raw, '\\') >= 0 {
		text, ok := String(raw)
		if !ok {
			return time.Time{}, false
		}
		raw = AppendString(nil, text)
	}
	text, fraction, ok := splitISO(raw)
	if !ok {
		return time.Time{}, false
	}
	year, month, day := digits(text[0:4]), digits(text[5:7]), digits(text[8:10])
	hour, minute, second := digits(text[11:13]), digits(text[14:16]), digits(text[17:19])
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	if hour == 24 && (minute > 0 || second > 0 || len(bytes.Trim(fraction, "0")) > 0) {
		return time.Time{}, false
	}
	ms := [3]byte{'0', '0', '0'}
	copy(ms[:], fraction)
	return time.Date(year, time.Month(month), day, hour, minute, second,
		digits(ms[:])*int(time.Millisecond), time.UTC), true
}

// splitISO splits the quoted text of a time into its fixed part and the digits of its
// fraction, if it has the form that upstream looks for.
func splitISO(raw []byte) (text, fraction []byte, ok bool) {
	const form = "dddd-dd-ddTdd:dd:dd"
	raw, opened := bytes.CutPrefix(raw, []byte(`"`))
	raw, closed := bytes.CutSuffix(raw, []byte(`Z"`))
	if !opened || !closed || len(raw) < len(form) {
		return nil, nil, false
	}
	for i := range len(form) {
		if form[i] == 'd' && !isDigit(raw[i]) || form[i] != 'd' && raw[i] != form[i] {
			return nil, nil, false
		}
	}
	text, fraction = raw[:len(form)], raw[len(form):]
	if len(fraction) == 0 {
		return text, nil, true
	}
	return text, fraction[1:], fraction[0] == '.' && scanDigits(fraction, 1) == len(fraction)
}

func digits(text []byte) int {
	n := 0
	for _, c := range text {
		n = n*10 + int(c-'0')
	}
	return n
}
