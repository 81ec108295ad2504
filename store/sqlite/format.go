package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"

	"github.com/lockstep-auth/lockstep/store"
)

// format is the version of the file that this package reads and writes. Format
// 1 is Better Auth's and has no mark. A later one is marked by a row of the
// table lockstep_meta, key 'format', which Better Auth ignores. PRAGMA
// user_version and application_id are left to the programs that share the file.
const format = "1"

// checkFormat refuses a file that a later version of this package has marked.
func checkFormat(ctx context.Context, c *conn) error {
	n, err := c.text(ctx, "select count(*) from sqlite_schema where type = 'table' and name = 'lockstep_meta'")
	if err != nil || n == "0" {
		return err
	}
	have, err := c.text(ctx, `select "value" from lockstep_meta where "key" = 'format'`)
	if err != nil || have == "" || have == format {
		return err
	}
	return fmt.Errorf("%w: sqlite: the file has format %q, which is newer than this program: update the program",
		store.ErrUnavailable, have)
}

// issuerColumn is a column that Better Auth 1.7.0 to 1.7.2 gave to the table
// account and 1.7.3 abandoned. Where it is NOT NULL and without default, no
// later version of Better Auth can insert an account; this package can.
const issuerColumn = "issuer"

// findIssuer looks for that column.
func findIssuer(ctx context.Context, c *conn, bound map[string]*table) error {
	t := bound["account"]
	if t == nil || t.byName["providerId"] == nil || t.logical(issuerColumn) != "" {
		return nil
	}
	st := new(statement)
	st.write(`select 1 from pragma_table_info(`)
	st.param(t.physical)
	st.write(`) where "name" = 'issuer' and "notnull" and "dflt_value" is null`)
	return c.query(ctx, st, func([]driver.Value) error {
		t.issuer = true
		return nil
	})
}

// issuerOf returns what those versions wrote for accounts of which they knew
// no OpenID issuer.
func issuerOf(account store.Record) string {
	provider, _ := account["providerId"].(string)
	if provider == "credential" {
		return "local:credential"
	}
	return "local:oauth:" + encodeURIComponent(provider)
}

// encodeURIComponent is JavaScript's (ECMA-262): QueryEscape leaves letters,
// digits and -_.~ alone, JavaScript also !'()* .
func encodeURIComponent(s string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(s))
}
