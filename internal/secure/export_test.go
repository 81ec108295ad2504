package secure

import "context"

// ScryptKey derives a key with the server's scrypt and any cost, p = 1.
func ScryptKey(password, salt string, n, r, length int) ([]byte, error) {
	return newScrypt(n, r).key(password, salt, length)
}

var _ context.Context

type Scrypt struct{ s *scrypt }

func NewScrypt(n, r int) Scrypt { return Scrypt{newScrypt(n, r)} }
func (s Scrypt) Key(password, salt string, length int) ([]byte, error) {
	return s.s.key(password, salt, length)
}
