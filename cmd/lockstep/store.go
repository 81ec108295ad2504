package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

// defaultDatabase is where the data is when nothing says otherwise.
const defaultDatabase = "lockstep.db"

// openStore opens the database that the settings name. The caller closes it.
func openStore(db file.Database, log *slog.Logger) (store.Store, io.Closer, error) {
	if err := checkStore(db); err != nil {
		return nil, nil, err
	}
	if db.Convex.URL != "" {
		s, err := openConvex(db.Convex, log)
		if err != nil {
			return nil, nil, err
		}
		return convexStore{s}, s, nil
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
		return checkConvex(db.Convex)
	}
	if db.Convex != (file.Convex{}) {
		return errors.New("database.convex.url is missing: set it, or CONVEX_URL")
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
		return "Convex deployment " + db.Convex.URL
	}
	return "SQLite file " + sqlitePath(db)
}

// ready returns the function that says whether the database can be reached.
func ready(c *lockstep.Config) func(context.Context) error {
	p, ok := c.Store.(interface{ Ping(context.Context) error })
	if !ok {
		return func(context.Context) error { return nil }
	}
	return server.Remembered(p.Ping, c.Now)
}
