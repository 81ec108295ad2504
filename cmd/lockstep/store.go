package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

// defaultDatabase is where the data is when nothing says otherwise.
const defaultDatabase = "lockstep.db"

// openStore opens the database that the settings name. The caller closes it.
func openStore(db file.Database) (store.Store, io.Closer, error) {
	if db.Convex.URL != "" {
		return nil, nil, errors.New("this build has no Convex store yet: unset CONVEX_URL and database.convex to use an SQLite file")
	}
	s, err := sqlite.Open(cmp.Or(db.SQLite, defaultDatabase))
	if err != nil {
		return nil, nil, fmt.Errorf("open the database: %w", err)
	}
	return s, s, nil
}

// databaseName says which database the settings name.
func databaseName(db file.Database) string {
	if db.Convex.URL != "" {
		return "Convex at " + db.Convex.URL
	}
	return "SQLite file " + cmp.Or(db.SQLite, defaultDatabase)
}

// ready returns the function that says whether s can be reached.
func ready(s store.Store) func(context.Context) error {
	if p, ok := s.(interface{ Ping(context.Context) error }); ok {
		return p.Ping
	}
	return func(context.Context) error { return nil }
}
