// Bench measures Lockstep and the real Better Auth in turn, on this machine
// (Linux), and prints the tables of docs/bench.md.
//
//	make bench                                   everything, about 8 minutes
//	go run ./bench -docs docs/bench.md           … and writes the tables into the document
//	go run ./bench -quick                        a trial of seconds, to see that it works
//	go run ./bench -only 'get-session/*,storm'   a part
//
// It needs bin/lockstep (make build) and the packages of bench/node (make
// deps), and is run in the root of the repository. It starts the servers
// itself, on 127.0.0.1, and ends them. What is measured, and how, is in
// docs/bench.md.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/lockstep-auth/lockstep/bench/report"
)

// An options is what the flags say.
type options struct {
	lockstep, node, out, docs string
	only                      []string
	quick                     bool
	timeout                   time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, o, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := new(options)
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.lockstep, "lockstep", "bin/lockstep", "the lockstep `program`")
	flags.StringVar(&o.node, "node", "bench/node", "the `folder` of the Better Auth server")
	flags.StringVar(&o.out, "out", "bench/out", "the `folder` for the figures of every round, as JSON")
	flags.StringVar(&o.docs, "docs", "", "a `document` whose tables are written anew")
	flags.StringVar(&only, "only", "", "measure only these: `patterns` with commas between them, of\n"+strings.Join(ids(), ", "))
	flags.BoolVar(&o.quick, "quick", false, "measure too little to mean anything, to see that it works")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "give up after this `time`")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q is not a flag", flags.Arg(0))
	}
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	if o.docs != "" && (o.quick || only != "") {
		return nil, errors.New("-docs goes with a full run only: without -quick and -only")
	}
	return o, o.checkOnly()
}

// checkOnly finds patterns that select nothing.
func (o *options) checkOnly() error {
	for _, pattern := range o.only {
		matches := func(id string) bool { ok, err := path.Match(pattern, id); return ok && err == nil }
		if !slices.ContainsFunc(ids(), matches) {
			return fmt.Errorf("-only: nothing is called %q; there is %s", pattern, strings.Join(ids(), ", "))
		}
	}
	return nil
}

// wants reports whether something is to be measured.
func (o *options) wants(id string) bool {
	return len(o.only) == 0 || slices.ContainsFunc(o.only, func(pattern string) bool {
		ok, err := path.Match(pattern, id)
		return ok && err == nil
	})
}

// ids lists what there is to measure.
func ids() []string {
	var all []string
	for _, g := range groups() {
		for _, c := range g.cells {
			all = append(all, c.id)
		}
	}
	return append(all, report.BesideID, report.StormID, report.OverflowID, report.StartID, report.ScaleID, report.HotPathID)
}

// run measures, and writes the results. The document changes only if all went
// well.
func run(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	var document []byte
	if o.docs != "" {
		var err error
		if document, err = os.ReadFile(o.docs); err != nil {
			return err
		}
		if _, err := new(report.Run).Replace(document); err != nil {
			return fmt.Errorf("%s: %w", o.docs, err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("not finished after %v", o.timeout))
	defer cancel()
	r, err := measure(ctx, o, stderr)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return err
	}
	r.Markdown(stdout)
	if err := save(o.out, r); err != nil {
		return err
	}
	if o.docs == "" {
		return nil
	}
	if document, err = r.Replace(document); err != nil {
		return err
	}
	return os.WriteFile(o.docs, document, 0o644)
}

// save keeps the figures of every round.
func save(dir string, r *report.Run) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "\t")
	if err := e.Encode(r); err != nil {
		return err
	}
	name := r.Environment.Date.UTC().Format("20060102-150405") + ".json"
	return os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644)
}
