// Lockstep is an authentication server that speaks the protocol of Better Auth.
//
//	lockstep dev            a server to try, with pages, on this machine only
//	lockstep serve          the server for everybody
//	lockstep migrate        shows what the database lacks; --yes adds it
//	lockstep config check   checks the configuration
//	lockstep convex         init, generate, doctor: Convex as the database
//	lockstep types          TypeScript types for front ends
//	lockstep secret         makes a secret
//
// The configuration is a YAML file with Better Auth's option names (see
// internal/file) and environment variables (see internal/env), which count
// more.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

const (
	exitFailure = 1
	exitUsage   = 2
)

// A program is what the commands know of the world.
type program struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
}

// commands are the commands and flags.
type commands struct {
	Dev     devCommand     `cmd:"" help:"Try Lockstep on this machine, with pages to sign up and in."`
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Migrate migrateCommand `cmd:"" help:"Show what the database lacks, and add it with --yes."`
	Config  struct {
		Check checkCommand `cmd:"" help:"Check the configuration, and print it without secrets."`
	} `cmd:"" help:"Work with the configuration."`
	Convex     convexCommands    `cmd:"" help:"Work with Convex as the database."`
	Types      typesCommand      `cmd:"" help:"Write the types of users and sessions for TypeScript."`
	Secret     secretCommand     `cmd:"" help:"Print a new secret."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
	Completion completionCommand `cmd:"" help:"Print the completion script of a shell."`
	Complete   completeCommand   `cmd:"" hidden:""`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version."`
}

func main() {
	p := &program{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: time.Now}
	os.Exit(p.main(os.Args[1:]))
}

// sameSignal is how long a second signal counts as the first one. A Ctrl+C in a
// terminal arrives twice below npm and other programs that pass it on.
const sameSignal = time.Second

// main runs a command and returns the exit code. The first SIGINT or SIGTERM
// ends the command in an orderly way, the second at once.
func (p *program) main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(sameSignal, stop) })
	parser, err := p.parser(ctx)
	if err != nil {
		panic("lockstep: " + err.Error())
	}
	command, err := parser.Parse(args)
	if err != nil {
		p.complain(err)
		fmt.Fprintln(p.stderr, `run "lockstep --help" for the commands and flags`)
		return exitUsage
	}
	if err := command.Run(); err != nil {
		p.complain(err)
		return exitFailure
	}
	return 0
}

func (p *program) parser(ctx context.Context) (*kong.Kong, error) {
	return kong.New(new(commands),
		kong.Name("lockstep"),
		kong.Description("An authentication server that speaks the protocol of Better Auth."),
		kong.Vars{"version": "lockstep " + version()},
		kong.Writers(p.stdout, p.stderr),
		kong.Bind(p), kong.BindTo(ctx, (*context.Context)(nil)),
	)
}

// complain prints an error, each problem on a line of its own.
func (p *program) complain(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(p.stderr, "lockstep: "+strings.TrimPrefix(line, "lockstep: "))
	}
}
