package secure

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// The scrypt cost of stored passwords (RFC 7914 §2; @better-auth/utils password.ts),
// with p = 1: 32 MiB and about 50 milliseconds for each.
const (
	passwordN      = 16384
	passwordR      = 16
	passwordKeyLen = 64 // bytes
	passwordSalt   = 16 // bytes
)

// maxSaltLen bounds the salt of a stored hash, in bytes. Ours have 32.
const maxSaltLen = 128

// defaultQueue lets a burst of sign-ins wait rather than fail: on two cores the last of
// 128 callers waits for about 4 seconds. Waiting costs no memory to speak of.
const defaultQueue = 128

// ErrBusy says that as many passwords as allowed are being hashed or wait for it, or that
// this one has waited for 10 seconds. The caller should try again later: status 503 with
// Retry-After.
var ErrBusy = errors.New("secure: too many passwords to hash")

var errMalformedHash = errors.New("secure: malformed password hash")

// PasswordConfig bounds what hashing may use. The zero value is ready.
type PasswordConfig struct {
	// Workers is how many passwords are hashed at once, each in 32 MiB and on one
	// core. Defaults to GOMAXPROCS.
	Workers int

	// Queue is how many callers may wait for a worker. Defaults to 128; below zero,
	// nobody waits.
	Queue int

	// Busy, if not nil, is told true when all workers are at work, and false when
	// that has not been so for a second. Calls come one after the other.
	Busy func(bool)
}

// Passwords hashes and verifies passwords. It bounds how many run at once and how many
// wait, so that sign-ins take neither all memory nor all time, and yields the processor
// often. It is safe for concurrent use, has no goroutine of its own and needs no Close.
type Passwords struct {
	pool pool
}

// NewPasswords returns Passwords with the bounds of config.
func NewPasswords(config PasswordConfig) *Passwords {
	workers := config.Workers
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	queue := max(0, cmp.Or(config.Queue, defaultQueue))
	p := &Passwords{}
	p.pool.running = make(chan struct{}, workers)
	p.pool.admitted = make(chan struct{}, workers+queue)
	p.pool.busy.tell = config.Busy
	return p
}

// Hash returns "<salt>:<key>" in lower-case hex: a random salt of 16 bytes, whose hex
// text is the salt of scrypt, and the key of 64 bytes for the password in Unicode NFKC.
// It returns ErrBusy, or the error of ctx when that ends while waiting. The caller
// bounds the length of the password.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, passwordSalt)
	rand.Read(salt)
	text := hex.EncodeToString(salt)
	key, err := p.key(ctx, password, text)
	if err != nil {
		return "", err
	}
	return text + ":" + key, nil
}

// Verify reports whether hash, made by Hash, is of password. The salt may be any text
// without a colon up to 128 bytes, as upstream takes it. A malformed hash is an error,
// found after the same work. Other errors are those of Hash.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (bool, error) {
	salt, want, formed := splitHash(hash)
	key, err := p.key(ctx, password, salt)
	if err != nil {
		return false, err
	}
	if !formed {
		return false, errMalformedHash
	}
	return hmac.Equal([]byte(key), []byte(want)), nil
}

// splitHash splits a stored hash. A malformed one has a salt too, to work with.
func splitHash(hash string) (salt, key string, ok bool) {
	salt, key, _ = strings.Cut(hash, ":")
	if salt == "" || len(salt) > maxSaltLen || len(key) != 2*passwordKeyLen || !isLowerHex(key) {
		return strings.Repeat("0", 2*passwordSalt), "", false
	}
	return salt, key, true
}

// key returns the hex of the scrypt key.
func (p *Passwords) key(ctx context.Context, password, salt string) (string, error) {
	s, err := p.pool.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer p.pool.release(s)
	key, err := s.key(normalizePassword(password), salt, passwordKeyLen)
	if err != nil {
		return "", fmt.Errorf("secure: scrypt: %w", err)
	}
	return hex.EncodeToString(key), nil
}
