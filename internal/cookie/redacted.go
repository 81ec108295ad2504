package cookie

import (
	"fmt"
	"io"
	"log/slog"
)

// redactedText is what types that hold tokens print. Cookie is the exception,
// since its String is the header; a logger sees its name only.
const redactedText = "[redacted]"

// Format prints [redacted], whatever the verb.
func (*Request) Format(f fmt.State, _ rune) { redact(f) }

// LogValue is [redacted].
func (*Request) LogValue() slog.Value { return slog.StringValue(redactedText) }

// Format prints [redacted], whatever the verb.
func (*Jar) Format(f fmt.State, _ rune) { redact(f) }

// LogValue is [redacted].
func (*Jar) LogValue() slog.Value { return slog.StringValue(redactedText) }

// Format prints [redacted], whatever the verb.
func (Payload) Format(f fmt.State, _ rune) { redact(f) }

// LogValue is [redacted].
func (Payload) LogValue() slog.Value { return slog.StringValue(redactedText) }

// LogValue is the name of the cookie.
func (c Cookie) LogValue() slog.Value { return slog.StringValue(c.Name) }

func redact(f fmt.State) {
	_, _ = io.WriteString(f, redactedText)
}
