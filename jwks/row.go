package jwks

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// TableName is the logical name of the table.
const TableName = "jwks"

// Table returns the table of signing keys (upstream: plugins/jwt/schema.ts).
func Table() schema.Table {
	return schema.Table{Name: TableName, Fields: []schema.Field{
		{Name: "publicKey", Required: true},
		{Name: "privateKey", Required: true, NoOutput: true},
		{Name: "createdAt", Type: schema.Date, Required: true},
		{Name: "expiresAt", Type: schema.Date},
		{Name: "alg"},
		{Name: "crv"},
	}}
}

// A Sealer encrypts private keys for the database. Other servers of the database
// use the same secret.
type Sealer interface {
	Encrypt(plain string) string
	Decrypt(sealed string) (string, error)
}

// A key is one row of the table, or one key of a published set, which has no
// private half.
type key struct {
	id      string
	alg     Algorithm
	public  crypto.PublicKey
	created time.Time
	expires time.Time // of signing; zero: never
	stored  string    // the private half as it is stored

	// signer opens the private half, once.
	signer func() (crypto.Signer, error)
}

// live reports whether the key may sign.
func (k *key) live(now time.Time) bool { return k.expires.IsZero() || k.expires.After(now) }

// trusted reports whether what the key signed is still believed.
func (k *key) trusted(now time.Time, grace time.Duration) bool {
	return k.expires.IsZero() || k.expires.Add(grace).After(now)
}

// parseRow reads a row. Rows from before the column alg existed count as
// preferred (upstream: plugins/jwt/adapter.ts).
func parseRow(row store.Record, preferred Algorithm, seal Sealer) (*key, error) {
	jwk, err := parseObject([]byte(str(row["publicKey"])))
	if err != nil {
		return nil, errors.New("public key is no JSON object")
	}
	public, err := parsePublic(jwk)
	if err != nil {
		return nil, err
	}
	k := &key{id: str(row["id"]), alg: Algorithm(str(row["alg"])), public: public, stored: str(row["privateKey"])}
	k.created, _ = row["createdAt"].(time.Time)
	k.expires, _ = row["expiresAt"].(time.Time)
	if k.alg == "" {
		k.alg = algorithmOf(public, preferred)
	}
	if !k.alg.fits(public) {
		return nil, fmt.Errorf("algorithm %q does not fit the key", string(k.alg))
	}
	k.signer = sync.OnceValues(func() (crypto.Signer, error) { return openPrivate(k.stored, seal, public) })
	return k, nil
}

// errSealed means that a private key cannot be opened.
var errSealed = errors.New("jwks: private key cannot be opened: it was encrypted with another secret " +
	"(keep the old secret among the versions, or remove the row from the table \"jwks\")")

// openPrivate reads a stored private key: the JSON text of the sealed JWK, or
// without a sealer the JWK itself.
func openPrivate(stored string, seal Sealer, public crypto.PublicKey) (crypto.Signer, error) {
	text := stored
	if seal != nil {
		var sealed string
		if err := json.Unmarshal([]byte(stored), &sealed); err != nil {
			return nil, errors.New("jwks: private key is not encrypted, but must be")
		}
		var err error
		if text, err = seal.Decrypt(sealed); err != nil {
			return nil, errSealed
		}
	}
	jwk, err := parseObject([]byte(text))
	if err != nil {
		return nil, errPrivate
	}
	return parsePrivate(jwk, public)
}

// newRow makes a key and the row that keeps it.
func newRow(alg Algorithm, bits int, seal Sealer) (store.Record, error) {
	signer, err := alg.generate(bits)
	if err != nil {
		return nil, fmt.Errorf("jwks: make a key: %w", err)
	}
	private, err := privateJWK(signer)
	if err != nil {
		return nil, fmt.Errorf("jwks: make a key: %w", err)
	}
	publicText, err := encode(publicJWK(signer.Public()))
	if err != nil {
		return nil, err
	}
	privateText, err := encode(private)
	if err != nil {
		return nil, err
	}
	if seal != nil {
		if privateText, err = encode(seal.Encrypt(string(privateText))); err != nil {
			return nil, err
		}
	}
	row := store.Record{
		"publicKey": string(publicText), "privateKey": string(privateText), "alg": string(alg), "crv": nil, "expiresAt": nil,
	}
	if crv := publicJWK(signer.Public()).Text("crv"); crv != "" {
		row["crv"] = crv
	}
	return row, nil
}

func str(v any) string {
	s, _ := v.(string)
	return s
}
