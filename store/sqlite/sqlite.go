// Package sqlite keeps the server's data in one SQLite file. It needs no cgo.
//
// The file is Better Auth's own: the same tables, column names and value
// formats (dates as ISO 8601 text, booleans as 0 and 1, lists and JSON as
// text), so that a Go server and a Node.js server can use it at the same time.
//
// Durability: the file is in WAL mode with synchronous=FULL. A batch that
// Apply has answered survives the end of the process and the loss of power.
//
// Concurrency: readers see a snapshot and never wait. Writers of one process
// take turns; writers of several processes wait for each other, for at most 5
// seconds. A transaction of another program that reads before it writes, as a
// sign-up of Better Auth does, fails there if a batch is applied in between
// (SQLITE_BUSY_SNAPSHOT). The file must be on a local disk: WAL does not work
// over a network.
//
// The format of Better Auth 1.x has no mark of its own. A later format that
// this version must not touch says so in a table lockstep_meta, and Open
// refuses it.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"modernc.org/sqlite"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A Store is a store.Store in an SQLite file. It is safe for concurrent use.
// Batch IDs are ignored, because no answer can get lost.
//
// The contents of a file are taken as they are: a value that does not fit its
// field, as another program may have written, is an error that names the field.
type Store struct {
	path    string
	readers *pool
	writer  *pool // of one connection
	tables  map[string]*table
	order   []*table // as given to Bind
	places  *places
}

// Open opens the database file at path. A file that does not exist is created,
// for its owner only. The caller closes the Store.
//
// Open fails with store.ErrUnavailable when the file cannot be used: it is not
// a database, damaged, read-only, of a newer version, or not allowed.
func Open(path string) (*Store, error) { return open(path, nil) }

// open is Open with pragmas that only tests need.
func open(path string, pragmas []string) (*Store, error) {
	if path == "" || path == ":memory:" {
		return nil, errors.New("sqlite: no path: use store/memory to keep nothing")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	if err := touch(path); err != nil {
		return nil, fmt.Errorf("%w: sqlite: open: %w", store.ErrUnavailable, err)
	}
	driver := new(sqlite.Driver) // one per store: what it registers is not global
	if err := registerFold(driver); err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	connect := func(pragmas ...string) func() (*conn, error) {
		return func() (*conn, error) { return connect(driver, dsn(path, pragmas)) }
	}
	s := &Store{
		path:   path,
		places: newPlaces(),
		writer: newPool(1, connect(append([]string{
			"journal_mode(wal)", "synchronous(full)", "foreign_keys(on)",
		}, pragmas...)...)),
		readers: newPool(max(4, runtime.GOMAXPROCS(0)), connect("query_only(on)", mapped)),
	}
	if err := s.check(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w (file %s)", err, path), s.Close())
	}
	return s, nil
}

// mapped lets readers use the pages that the system has in memory instead of
// copying each (https://sqlite.org/mmap.html): with a million sessions, most
// reads miss SQLite's own cache. The limit is in bytes of the file; what lies
// beyond is read as without it.
const mapped = "mmap_size(1073741824)"

// touch creates an empty file that only its owner may read. SQLite gives the
// files it puts beside it the same mode. An existing file is not opened:
// closing it again would drop the locks that another Store of this process
// holds on it (https://sqlite.org/howtocorrupt.html, section 2.2).
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the path is the operator's
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// dsn returns the connection string of the driver, which sets the time to wait
// for a lock before the other pragmas. With mode=rw SQLite never creates the
// file, which touch has done. Without _dqs=0 it would take the name of a
// missing column for a string.
func dsn(path string, pragmas []string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	query := url.Values{"mode": {"rw"}, "_busy_timeout": {"5000"}, "_dqs": {"0"}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// check opens both kinds of connection and looks at the file.
func (s *Store) check() error {
	ctx := context.Background()
	err := s.writer.use(ctx, func(c *conn) error {
		mode, err := c.text(ctx, "pragma journal_mode")
		if err != nil {
			return err
		}
		if mode != "wal" {
			return fmt.Errorf("%w: sqlite: the file cannot be put into WAL mode, but stays in %q: it must be writable and on a local disk",
				store.ErrUnavailable, mode)
		}
		if err := c.writable(); err != nil {
			return err
		}
		return checkFormat(ctx, c)
	})
	if err != nil {
		return explain(err)
	}
	return s.Ping(ctx)
}

// Close closes the file, after the calls under way. Later calls fail.
func (s *Store) Close() error {
	return errors.Join(s.readers.close(), s.writer.close())
}

// Ping reports whether the file can be read.
func (s *Store) Ping(ctx context.Context) error {
	return explain(s.readers.use(ctx, func(c *conn) error {
		_, err := c.text(ctx, "select count(*) from sqlite_schema")
		return err
	}))
}

// Bind tells the store its tables. It implements store.Binder and looks at the
// file for columns that it has to know of, but changes nothing.
func (s *Store) Bind(tables []schema.Table) error {
	if s.tables != nil {
		return errors.New("sqlite: already bound")
	}
	bound, err := bindTables(tables)
	if err != nil {
		return err
	}
	ctx := context.Background()
	err = s.readers.use(ctx, func(c *conn) error { return findIssuer(ctx, c, bound) })
	if err != nil {
		return explain(err)
	}
	s.tables = bound
	for _, def := range tables {
		s.order = append(s.order, bound[def.Name])
	}
	return nil
}

func (s *Store) table(name string) (*table, error) {
	if s.tables == nil {
		return nil, errors.New("sqlite: used before Bind")
	}
	t := s.tables[name]
	if t == nil {
		return nil, fmt.Errorf("sqlite: no table %q", name)
	}
	return t, nil
}

// Interface guards.
var (
	_ store.Store    = (*Store)(nil)
	_ store.Binder   = (*Store)(nil)
	_ store.Migrator = (*Store)(nil)
)
