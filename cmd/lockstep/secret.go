package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

type secretCommand struct{}

// Run prints a new secret.
func (secretCommand) Run(p *program) error {
	_, err := fmt.Fprintln(p.stdout, newSecret())
	return err
}

// newSecret returns 256 random bits as text.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
