package secure_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

const sessionSalt = "better-auth-session"

func TestTokensAsUpstreamJudgesThem(t *testing.T) {
	u := readUpstream(t)
	now, sealer := time.Unix(u.Now, 999_999_999), secure.NewSecrets(u.Secret).Sealer(u.Salt)
	if len(u.JWTs) < 40 || len(u.JWEs) < 40 {
		t.Fatal("testdata/upstream.json is not complete")
	}
	check := func(kind string, c verdict, claims []byte, ok bool) {
		t.Helper()
		if ok != c.OK {
			t.Errorf("%s %s: got %v, want %v", kind, c.Claims, ok, c.OK)
		}
		if want := c.Claims; ok && string(claims) != want || !ok && claims != nil {
			t.Errorf("%s: got %q, want %q", kind, claims, want)
		}
	}
	for _, c := range u.JWTs {
		claims, ok := secure.NewSigner(u.Secret).VerifyJWT(c.Token, now)
		check("jwt", c, claims, ok)
		if got := secure.NewSigner(u.Secret).SignJWT([]byte(c.Claims)); got != c.Token {
			t.Errorf("SignJWT(%s): got %s, want %s", c.Claims, got, c.Token)
		}
	}
	for _, c := range u.JWEs {
		claims, ok := sealer.Open(c.Token, now)
		check("jwe", c, claims, ok)
	}
	claims, ok := sealer.Open(u.GCM.Token, now)
	check("A256GCM", u.GCM, claims, ok)
}

func TestTokenVectors(t *testing.T) {
	v := readVectors(t)
	for _, c := range v.HS256 {
		claims, ok := secure.NewSigner(v.Meta.Secret).VerifyJWT(c.Token, v.now())
		if !ok || secure.NewSigner(v.Meta.Secret).SignJWT(claims) != c.Token {
			t.Errorf("VerifyJWT(%s): got %s, %v", c.Token, claims, ok)
		}
	}
	for _, c := range v.JWE {
		sealer := secure.NewSecrets(v.Meta.Secret).Sealer(c.Salt)
		claims, ok := sealer.Open(c.Token, v.now())
		if !ok || !sameJSON(t, claims, c.Claims) {
			t.Errorf("Open(%s): got %s, %v, want %s", c.Token, claims, ok, c.Claims)
		}
		header, _, _ := strings.Cut(c.Token, ".")
		if got, _, _ := strings.Cut(sealer.Seal(claims), "."); got != header {
			t.Errorf("header: got %s, want %s", got, header)
		}
		if claims, ok := secure.NewSecrets(v.Meta.Secret).Sealer("another").Open(c.Token, v.now()); ok {
			t.Errorf("another salt: got %s", claims)
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return cmp.Equal(x, y)
}

func TestSealersOpenEverySecret(t *testing.T) {
	u := readUpstream(t)
	now := time.Unix(u.Now, 0)
	rotation, err := secure.NewRotation([]secure.Secret{{Version: 9, Value: strings.Repeat("newest", 6)}, {Version: 3, Value: u.Secret}}, u.Older)
	if err != nil {
		t.Fatal(err)
	}
	sealer := rotation.Sealer(u.Salt)
	for _, c := range u.Sealed {
		claims, ok := sealer.Open(c.Token, now)
		var got, want map[string]any
		if !ok || json.Unmarshal(claims, &got) != nil || json.Unmarshal(c.Claims, &want) != nil {
			t.Fatalf("sealed by %s: got %s, %v", c.By, claims, ok)
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("sealed by %s: got %v, want %v", c.By, got, want)
			}
		}
		other, ok := secure.NewSecrets("another").Sealer(u.Salt).Open(c.Token, now)
		if ok {
			t.Errorf("another secret: got %s", other)
		}
	}
	if _, ok := secure.NewSecrets(u.Secret).Sealer(u.Salt).Open(sealer.Seal([]byte("{}")), now); ok {
		t.Error("an older secret opens what the current one sealed")
	}
}

// derivedKey is the key of §4.5, derived without package secure.
func derivedKey(t testing.TB) []byte {
	t.Helper()
	key, err := hkdf.Key(sha256.New, []byte(testSecret), []byte(sessionSalt), "BetterAuth.js Generated Encryption Key", 64)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestTokensAgreeWithGoJOSE(t *testing.T) {
	key, sealer, now := derivedKey(t), secure.NewSecrets(testSecret).Sealer(sessionSalt), time.Unix(1767323045, 0)
	for n := range 200 {
		claims := []byte(`{"v":"` + strings.Repeat("x", n) + `"}`)
		parsed, err := jose.ParseEncryptedCompact(sealer.Seal(claims), []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256CBC_HS512})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parsed.Decrypt(key); err != nil || !bytes.Equal(got, claims) {
			t.Fatalf("go-jose decrypts %s, %v, want %s", got, err, claims)
		}
		encrypter, err := jose.NewEncrypter(jose.A256CBC_HS512, jose.Recipient{Algorithm: jose.DIRECT, Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		object, err := encrypter.Encrypt(claims)
		if err != nil {
			t.Fatal(err)
		}
		token, err := object.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := sealer.Open(token, now); !ok || !bytes.Equal(got, claims) {
			t.Fatalf("Open: got %s, %v, want %s", got, ok, claims)
		}
		signed, err := jose.ParseSignedCompact(secure.NewSigner(testSecret).SignJWT(claims), []jose.SignatureAlgorithm{jose.HS256})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := signed.Verify([]byte(testSecret)); err != nil || !bytes.Equal(got, claims) {
			t.Fatalf("go-jose verifies %s, %v, want %s", got, err, claims)
		}
	}
}

// signedWith returns a JWT with any header and payload and a true signature.
func signedWith(header, payload string) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + payload
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestVerifyJWTRefuses(t *testing.T) {
	const header, payload = `{"alg":"HS256"}`, "eyJhIjoxfQ" // {"a":1}
	good := signedWith(header, payload)
	now := time.Unix(1767323045, 0)
	if _, ok := secure.NewSigner(testSecret).VerifyJWT(good, now); !ok {
		t.Fatal("the good token is refused")
	}
	cut := strings.LastIndexByte(good, '.')
	tests := []struct{ name, token string }{
		{"nothing", ""},
		{"dots", ".."},
		{"no signature", good[:cut]},
		{"an empty signature", good[:cut+1]},
		{"a changed signature", good[:cut+1] + strings.Repeat("A", 43)},
		{"a padded signature", good + "="},
		{"a fourth part", good + ".x"},
		{"alg none", signedWith(`{"alg":"none"}`, payload)},
		{"another algorithm", signedWith(`{"alg":"HS512"}`, payload)},
		{"a critical extension", signedWith(`{"alg":"HS256","crit":["b64"],"b64":false}`, payload)},
		{"a typ", signedWith(`{"alg":"HS256","typ":"JWT"}`, payload)},
		{"no payload", signedWith(header, "")},
		{"a payload with a line break", signedWith(header, "eyJh\nIjoxfQ")},
		{"a payload with a carriage return", signedWith(header, "eyJhIjoxfQ\r")},
		{"a padded payload", signedWith(header, payload+"==")},
		{"another spelling of the payload", signedWith(header, "eyJhIjoxfR")},
		{"a payload that is not base64url", signedWith(header, "eyJhIjo+fQ")},
		{"a payload that is not UTF-8", signedWith(header, base64.RawURLEncoding.EncodeToString([]byte("{\"a\":\"\xff\"}")))},
		{"a payload with a byte order mark", signedWith(header, base64.RawURLEncoding.EncodeToString([]byte("\ufeff{}")))},
		{"more than 16 KiB", signedWith(header, base64.RawURLEncoding.EncodeToString([]byte(`{"a":"`+strings.Repeat("x", 12500)+`"}`)))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if claims, ok := secure.NewSigner(testSecret).VerifyJWT(tt.token, now); ok || claims != nil {
				t.Errorf("got %s, want a refusal", claims)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	sealer, now := secure.NewSecrets(testSecret).Sealer(sessionSalt), time.Unix(1767323045, 0)
	good := sealer.Seal([]byte(`{"a":1}`))
	if _, ok := sealer.Open(good, now); !ok {
		t.Fatal("the good token is refused")
	}
	part := strings.Split(good, ".")
	with := func(i int, text string) string {
		parts := slices.Clone(part)
		parts[i] = text
		return strings.Join(parts, ".")
	}
	header := func(text string) string { return with(0, base64.RawURLEncoding.EncodeToString([]byte(text))) }
	zeros := func(n int) string { return base64.RawURLEncoding.EncodeToString(make([]byte, n)) }
	kid, _ := base64.RawURLEncoding.DecodeString(part[0])
	named := strings.TrimSuffix(string(kid), "}")
	tests := []struct{ name, token string }{
		{"nothing", ""},
		{"dots", "...."},
		{"four parts", strings.Join(part[:4], ".")},
		{"six parts", good + "."},
		{"an encrypted key", with(1, "AAAA")},
		{"no iv", with(2, "")},
		{"a short iv", with(2, zeros(12))},
		{"a long iv", with(2, zeros(17))},
		{"another iv", with(2, zeros(16))},
		{"no ciphertext", with(3, "")},
		{"another ciphertext", with(3, zeros(16))},
		{"a ciphertext that is not whole blocks", with(3, zeros(15))},
		{"a ciphertext with a line break", with(3, part[3]+"\n")},
		{"no tag", with(4, "")},
		{"another tag", with(4, zeros(32))},
		{"a long tag", with(4, part[4]+"A")},
		{"an uncut tag", with(4, zeros(64))},
		{"alg none", header(`{"alg":"none","enc":"A256CBC-HS512"}`)},
		{"RSA", header(`{"alg":"RSA-OAEP","enc":"A256CBC-HS512"}`)},
		{"PBES2 with a large count", header(`{"alg":"PBES2-HS512+A256KW","p2c":1000000000,"p2s":"AAAAAAAAAAA","enc":"A256CBC-HS512"}`)},
		{"another encryption", header(`{"alg":"dir","enc":"A128CBC-HS256"}`)},
		{"A256GCM", header(`{"alg":"dir","enc":"A256GCM"}`)},
		{"compression", header(named + `,"zip":"DEF"}`)},
		{"a critical extension", header(named + `,"crit":["x"],"x":1}`)},
		{"an unknown key", header(`{"alg":"dir","enc":"A256CBC-HS512","kid":"unknown"}`)},
		{"no kid, but sealed with one", header(`{"alg":"dir","enc":"A256CBC-HS512"}`)},
		{"an empty header", with(0, "")},
		{"more than 16 KiB", sealer.Seal([]byte(`{"a":"` + strings.Repeat("x", 12500) + `"}`))},
		{"claims that are not UTF-8", sealer.Seal([]byte("{\"a\":\"\xff\"}"))},
		{"a megabyte", strings.Repeat(part[0]+"..", 1<<15)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if claims, ok := sealer.Open(tt.token, now); ok || claims != nil {
				t.Errorf("got %s, want a refusal", claims)
			}
		})
	}
}

func FuzzVerifyJWT(f *testing.F) {
	signer := secure.NewSigner(testSecret)
	f.Add(signer.SignJWT([]byte(`{"exp":1}`)), int64(0))
	f.Add(signer.SignJWT([]byte(`{"a":1,"nbf":7}`)), int64(8))
	f.Add(signedWith(`{"alg":"none"}`, "e30"), int64(0))
	f.Fuzz(func(t *testing.T, token string, now int64) {
		// Whatever verifies is what SignJWT makes, byte for byte.
		if claims, ok := signer.VerifyJWT(token, time.Unix(now, 0)); ok && signer.SignJWT(claims) != token {
			t.Fatalf("accepted %q", token)
		}
		// Any text can be signed; an object with a date is judged by it.
		claims := `{"token":` + strconv.QuoteToASCII(strings.ToValidUTF8(token, "")) + `,"exp":` + strconv.FormatInt(now, 10) + `}`
		if !json.Valid([]byte(claims)) {
			return
		}
		signed := signer.SignJWT([]byte(claims))
		late, okLate := signer.VerifyJWT(signed, time.Unix(now, 0))
		early, okEarly := signer.VerifyJWT(signed, time.Unix(now-1025, 0))
		if fits := len(signed) <= 16<<10; okLate || okEarly != fits || late != nil || fits && string(early) != claims {
			t.Fatalf("%s: at exp %v, before %v", claims, okLate, okEarly)
		}
	})
}

func FuzzOpen(f *testing.F) {
	sealer, now := secure.NewSecrets(testSecret).Sealer(sessionSalt), time.Unix(1767323045, 0)
	f.Add(sealer.Seal([]byte("{}")), []byte(`{"a":1}`), uint16(0), byte(1))
	f.Add("....", []byte{}, uint16(200), byte(255))
	f.Fuzz(func(t *testing.T, token string, claims []byte, at uint16, flip byte) {
		// Nothing opens but what is sealed, and sealed text opens if it is an object.
		if got, ok := sealer.Open(token, now); ok {
			seeded := string(got) == "{}" || string(got) == `{"a":1}`
			if !seeded {
				t.Fatalf("opened %q: %q", token, got)
			}
		}
		sealed := sealer.Seal(claims)
		var object map[string]any
		valid := json.Unmarshal(claims, &object) == nil && object != nil
		got, ok := sealer.Open(sealed, now)
		if ok && !bytes.Equal(got, claims) {
			t.Fatalf("got %q, want %q", got, claims)
		}
		_, dated := object["exp"]
		_, early := object["nbf"]
		_, issued := object["iat"]
		if valid && len(claims) < 10_000 && bytes.Equal(bytes.ToValidUTF8(claims, nil), claims) && !dated && !early && !issued && !ok {
			t.Fatalf("refused %q", claims)
		}
		changed := []byte(sealed)
		changed[int(at)%len(changed)] ^= flip
		if got, ok := sealer.Open(string(changed), now); ok && flip != 0 {
			t.Fatalf("changed token: got %q", got)
		}
	})
}
