package secure

import "context"

// A Scrypt is the server's scrypt with any cost and p = 1.
type Scrypt struct{ s *scrypt }

// NewScrypt returns a Scrypt.
func NewScrypt(n, r int) Scrypt { return Scrypt{newScrypt(n, r)} }

// Key derives a key.
func (s Scrypt) Key(password, salt string, length int) ([]byte, error) {
	return s.s.key(password, salt, length)
}

// Acquire takes a worker, as hashing does, until release is called.
func (p *Passwords) Acquire(ctx context.Context) (release func(), err error) {
	s, err := p.pool.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return func() { p.pool.release(s) }, nil
}

// Idle returns how many buffers are kept for later.
func (p *Passwords) Idle() int {
	p.pool.mu.Lock()
	defer p.pool.mu.Unlock()
	return len(p.pool.idle)
}

// NormalizePassword is the form in which a password is hashed.
func NormalizePassword(password string) string { return normalizePassword(password) }

// ComposeMarks is the slow way to NFKC, for text with many combining marks.
func ComposeMarks(text string) string { return composeMarks(decompose(text)) }

// SplitHash splits a stored hash into salt and key.
func SplitHash(hash string) (salt, key string, ok bool) { return splitHash(hash) }
