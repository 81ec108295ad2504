package main

import (
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

// store opens the database that the document names, and returns what closes it.
// Without one it returns nil: the session then lives in its cookie.
func (o *options) store() (store.Store, func() error, error) {
	nothing := func() error { return nil }
	switch at := o.Database.Convex; {
	case at.URL != "":
		db, err := convex.New(convex.Config{
			URL: at.URL, Key: at.DeployKey, Secret: at.Secret, InsecureAllowPublicFunctions: at.InsecureAllowPublicFunctions,
		})
		if err != nil {
			return nil, nothing, err
		}
		return db, db.Close, nil
	case o.Database.SQLite != "":
		db, err := sqlite.Open(o.Database.SQLite)
		if err != nil {
			return nil, nothing, err
		}
		return db, db.Close, nil
	}
	return nil, nothing, nil
}
