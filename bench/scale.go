package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/lockstep-auth/lockstep/bench/report"
	"github.com/lockstep-auth/lockstep/bench/request"
)

const (
	few = 100 // sessions in a small database

	// sampled is how many sessions of a large database are asked for: so many
	// that they are all over the file.
	sampled = 20_000
)

// scale measures get-session of Lockstep with a small and a large database.
func (b *bench) scale(ctx context.Context, r *report.Run) (err error) {
	if !b.wants(report.ScaleID) {
		return nil
	}
	fmt.Fprintln(b.log, report.ScaleID)
	var pair [2]*server
	defer func() {
		for _, s := range pair {
			if s != nil {
				err = errors.Join(err, s.Stop())
			}
		}
	}()
	for i, count := range []int{few, b.many} {
		if pair[i], err = b.seeded(ctx, count); err != nil {
			return err
		}
	}
	c := &report.Cell{ID: report.ScaleID, Title: "get-session", Database: sqlite, Conns: conns}
	if err := b.alternate(ctx, pair, cell{conns: conns, next: getSession}, c); err != nil {
		return fmt.Errorf("%s: %w", report.ScaleID, err)
	}
	r.Scale = c
	return nil
}

// seeded starts Lockstep with a database of many users, each with a session.
func (b *bench) seeded(ctx context.Context, count int) (*server, error) {
	at := setup{db: sqlite, cache: off, file: filepath.Join(b.scratch, fmt.Sprintf("%d.db", count))}
	s, err := b.lockstepServer(ctx, at) // makes the tables
	if err != nil {
		return nil, err
	}
	if err := s.Stop(); err != nil {
		return nil, err
	}
	tokens, err := seed(ctx, at.file, count)
	if err != nil {
		return nil, fmt.Errorf("fill the database: %w", err)
	}
	if s, err = b.lockstepServer(ctx, at); err != nil {
		return nil, err
	}
	s.name = thousands(count) + " sessions"
	for _, token := range tokens {
		s.sessions = append(s.sessions, request.SignedSession(token, b.secret))
	}
	return s, nil
}

// seed fills a database that nobody has open, and returns tokens of sessions
// in it, in no order.
func seed(ctx context.Context, file string, count int) (tokens []string, err error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // pragmas belong to a connection
	for _, statement := range []string{
		`pragma journal_mode = off`, `pragma synchronous = off`, `pragma cache_size = -500000`, `begin`,
		`insert into "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
		with recursive n(i) as (select 1 union all select i + 1 from n where i < ` + fmt.Sprint(count) + `)
		select lower(hex(randomblob(16))), 'Ada Lovelace', 'seeded-' || i || '@example.com', 0, d, d
		from n, (select strftime('%Y-%m-%dT%H:%M:%fZ', 'now') as d)`,
		`insert into "session" ("id", "token", "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
		select lower(hex(randomblob(16))), lower(hex(randomblob(16))), "id",
			strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+7 days'), "createdAt", "updatedAt", '127.0.0.1', 'bench'
		from "user"`,
		`commit`,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	rows, err := db.QueryContext(ctx, `select "token" from "session" order by random() limit ?`, sampled)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var token string
		if err := rows.Scan(&token); err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	if want := min(count, sampled); len(tokens) != want && rows.Err() == nil {
		return nil, fmt.Errorf("%d sessions, want %d", len(tokens), want)
	}
	return tokens, rows.Err()
}

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
