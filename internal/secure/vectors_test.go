package secure_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

// vectors is testdata/vectors.json: what better-auth 1.7.25 made at a fixed time.
type vectors struct {
	Meta struct {
		Secret  string `json:"secret"`
		Secret2 string `json:"secret2"`
		TimeMS  int64  `json:"frozenTimeMs"`
	} `json:"meta"`
	SignedCookie []struct {
		Value string `json:"value"`
		Raw   string `json:"rawCookieValue"`
	} `json:"signedCookie"`
	Password []struct {
		Password string `json:"password"`
		NFKC     string `json:"nfkc"`
		Hash     string `json:"hash"`
	} `json:"password"`
	Symmetric []struct {
		Plain string `json:"plaintext"`
		Text  string `json:"ciphertextHex"`
	} `json:"symmetric"`
	Rotation struct {
		Secrets string `json:"BETTER_AUTH_SECRETS"`
		Legacy  string `json:"BETTER_AUTH_SECRET_legacy"`
		Current sealed `json:"currentEnvelope"`
		Older   sealed `json:"olderEnvelope"`
		Bare    sealed `json:"legacyBareHex"`
	} `json:"symmetricRotation"`
	HS256 []struct {
		Token string `json:"token"`
	} `json:"hs256"`
	JWE []struct {
		Salt   string          `json:"salt"`
		Token  string          `json:"token"`
		Claims json.RawMessage `json:"decodedAtFrozenTime"`
	} `json:"jwe"`
	Purpose struct {
		Keys   map[string]string `json:"keys"`
		Sample struct {
			Purpose string `json:"purpose"`
			Plain   string `json:"plaintext"`
			Text    string `json:"ciphertext"`
		} `json:"sample"`
	} `json:"purposeKeys"`
	Identifier []struct {
		Identifier string `json:"identifier"`
		Hashed     string `json:"hashed"`
	} `json:"identifierHash"`
}

type sealed struct {
	Plain string `json:"plaintext"`
	Text  string `json:"value"`
}

// upstream is testdata/upstream.json, which testdata/generate.mjs prints.
type upstream struct {
	Now    int64     `json:"now"`
	Secret string    `json:"secret"`
	Older  string    `json:"older"`
	Salt   string    `json:"salt"`
	JWTs   []verdict `json:"jwts"`
	JWEs   []verdict `json:"jwes"`
	GCM    verdict   `json:"gcm"`
	Sealed []struct {
		By     string          `json:"by"`
		Claims json.RawMessage `json:"claims"`
		Token  string          `json:"token"`
	} `json:"sealed"`
	Normal []struct {
		Text string `json:"text"`
		NFKC string `json:"nfkc"`
	} `json:"normal"`
	Passwords []struct {
		Password string `json:"password"`
		Hash     string `json:"hash"`
	} `json:"passwords"`
}

type verdict struct {
	Claims string `json:"claims"`
	Token  string `json:"token"`
	OK     bool   `json:"ok"`
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	var v vectors
	readJSON(t, "testdata/vectors.json", &v)
	return v
}

func readUpstream(t testing.TB) upstream {
	t.Helper()
	var u upstream
	readJSON(t, "testdata/upstream.json", &u)
	return u
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func (v vectors) now() time.Time { return time.UnixMilli(v.Meta.TimeMS) }

func (v vectors) rotation(t testing.TB) *secure.Secrets {
	t.Helper()
	list, err := secure.ParseRotation(v.Rotation.Secrets)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := secure.NewRotation(list, v.Rotation.Legacy)
	if err != nil {
		t.Fatal(err)
	}
	return secrets
}
