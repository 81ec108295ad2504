package clientip

import (
	"strconv"
	"time"
)

// Prove is what a front end does that names a client.
func Prove(secret, address string, now time.Time) string {
	return proof(secret, address, strconv.FormatInt(now.Unix(), 10))
}
