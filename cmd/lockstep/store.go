package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

// defaultDatabase is where the data is when nothing says otherwise.
const defaultDatabase = "lockstep.db"

// openStore opens the database that the settings name. The caller closes it.
func openStore(db file.Database) (store.Store, io.Closer, error) {
	if err := checkStore(db); err != nil {
		return nil, nil, err
	}
	s, err := sqlite.Open(sqlitePath(db))
	if err != nil {
		return nil, nil, fmt.Errorf("open the database: %w", err)
	}
	return s, s, nil
}

// checkStore finds what openStore would fail with, as far as that can be told
// without touching the database.
func checkStore(db file.Database) error {
	if db.Convex.URL != "" {
		return errors.New("this build has no Convex store yet: to use an SQLite file, unset CONVEX_URL and database.convex")
	}
	dir := filepath.Dir(sqlitePath(db))
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s for the database: make it, or name another file as database.sqlite", dir)
	}
	return nil
}

func sqlitePath(db file.Database) string { return cmp.Or(db.SQLite, defaultDatabase) }

// databaseName says which database the settings name.
func databaseName(db file.Database) string {
	if db.Convex.URL != "" {
		return "Convex at " + db.Convex.URL
	}
	return "SQLite file " + sqlitePath(db)
}

// ready returns the function that says whether s can be reached.
func ready(s store.Store) func(context.Context) error {
	if p, ok := s.(interface{ Ping(context.Context) error }); ok {
		return p.Ping
	}
	return func(context.Context) error { return nil }
}
