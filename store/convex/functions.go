package convex

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/lockstep-auth/lockstep/convex"
)

// functions is the dialect of js/convex: the functions that convex/lockstep.ts
// exports.
type functions struct {
	client *convex.Client
	secret string // of the public variant; empty for internal functions
	tables *tables

	// deployed is what describe found. It is replaced when the deployment seems
	// to have changed.
	deployed atomic.Pointer[deployment]
}

func newFunctions(s *Store) *functions {
	return &functions{client: s.client, secret: s.config.Secret, tables: s.tables}
}

// args puts the secret beside the arguments, if there is one.
func (f *functions) args(call map[string]any) map[string]any {
	if f.secret == "" {
		return call
	}
	return map[string]any{"secret": f.secret, "call": call}
}

func (f *functions) query(ctx context.Context, name string, call map[string]any, opts ...convex.Option) (any, error) {
	return f.client.Query(ctx, "lockstep:"+name, f.args(call), opts...)
}

// current makes attempt, and once more with a new description if the last one
// may be out of date: an index is gone, or one is missing that may be there now.
func (f *functions) current(ctx context.Context, attempt func(*deployment) error) error {
	err := attempt(f.deployed.Load())
	if code, _ := thrown(err); code != "INDEX" && code != "UNINDEXED" {
		return err
	}
	if err := f.describe(ctx); err != nil {
		return err
	}
	return attempt(f.deployed.Load())
}

// thrown returns the code and the data of an error that the functions threw on
// purpose.
func thrown(err error) (string, map[string]any) {
	e, ok := errors.AsType[*convex.Error](err)
	if !ok {
		return "", nil
	}
	data, _ := e.Data.(map[string]any)
	code, _ := data["code"].(string)
	return code, data
}

// explain is explain for what the functions throw on purpose. The guards and
// unique values of a batch are handled before, by apply.
func (f *functions) explain(err error) error {
	if errors.Is(err, errAnswer) {
		return unavailable("update the convex folder and run npx convex deploy", err)
	}
	code, data := thrown(err)
	physical, _ := data["table"].(string)
	switch code {
	case "FORBIDDEN":
		return unavailable("the secret is not the one in LOCKSTEP_SECRET of the deployment's environment", err)
	case "TABLE":
		return unavailable(fmt.Sprintf("add %q to the tables in convex/lockstep.ts and convex/schema.ts, and run npx convex deploy", physical), err)
	case "INDEX":
		return unavailable(fmt.Sprintf("the indexes of table %q are changing", physical), err)
	case "UNINDEXED":
		return fmt.Errorf("convex: table %q has too many rows to look at each: %s: %w", physical, indexAdvice(textList(data["fields"])), err)
	case "TOO_MANY":
		return fmt.Errorf("convex: one operation would touch more than %v rows of table %q: %w", data["limit"], physical, err)
	case "REFERENCE":
		return fmt.Errorf("convex: a row of table %q must exist, as field %q of another says: %w", physical, data["field"], err)
	}
	return explain(err)
}

// indexAdvice says what to do about a search without an index.
func indexAdvice(columns []string) string {
	if len(columns) == 0 {
		return "no index can serve this search"
	}
	return fmt.Sprintf("add %s to it in convex/schema.ts and run npx convex deploy", indexCode(columns))
}

// textList returns the text in a list that a function returned.
func textList(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// errAnswer means that the functions are not the ones that this version knows.
var errAnswer = errors.New("convex: the functions gave an answer that this version does not know")

// objects returns a list of n objects that a function returned, or of any number
// if n is negative. Null stays nil.
func objects(v any, n int) ([]map[string]any, error) {
	list, ok := v.([]any)
	out := make([]map[string]any, len(list))
	for i, e := range list {
		if e != nil {
			out[i], ok = e.(map[string]any)
		}
		if !ok {
			break
		}
	}
	if !ok || n >= 0 && len(list) != n {
		return nil, errAnswer
	}
	return out, nil
}

// Interface guards.
var (
	_ dialect = (*functions)(nil)
	_ planner = (*functions)(nil)
)
