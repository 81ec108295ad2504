package secure_test

import (
	"context"
	"errors"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

func TestPasswordVectors(t *testing.T) {
	passwords := secure.NewPasswords(secure.PasswordConfig{})
	check := func(hash, password string, want bool) {
		t.Helper()
		if got, err := passwords.Verify(t.Context(), hash, password); got != want || err != nil {
			t.Errorf("Verify(%q): got %v, %v, want %v", password, got, err, want)
		}
	}
	for _, c := range readVectors(t).Password {
		check(c.Hash, c.Password, true)
		check(c.Hash, c.Password+"x", false)
	}
	for _, c := range readUpstream(t).Passwords {
		check(c.Hash, c.Password, true)
	}
	hash := readUpstream(t).Passwords[1].Hash
	check(hash, "p\xe2\x82q", true) // a cut character is one U+FFFD, as in a request
	check(hash, "p\xff\xffq", false)
}

func TestHashIsVerifiedAndNeverTheSame(t *testing.T) {
	passwords := secure.NewPasswords(secure.PasswordConfig{Workers: 1})
	hash, err := passwords.Hash(t.Context(), "ﬁne")
	if err != nil || !regexp.MustCompile(`^[0-9a-f]{32}:[0-9a-f]{128}$`).MatchString(hash) {
		t.Fatalf("got %q, %v", hash, err)
	}
	if ok, err := passwords.Verify(t.Context(), hash, "fine"); !ok || err != nil {
		t.Errorf("compatible spelling: got %v, %v", ok, err)
	}
	if ok, err := passwords.Verify(t.Context(), hash, "Fine"); ok || err != nil {
		t.Errorf("another password: got %v, %v", ok, err)
	}
	if again, err := passwords.Hash(t.Context(), "ﬁne"); again[:32] == hash[:32] || err != nil {
		t.Errorf("got the same salt twice, or %v", err)
	}
}

func TestMalformedHashIsAnErrorAfterEqualWork(t *testing.T) {
	passwords := secure.NewPasswords(secure.PasswordConfig{Workers: 1})
	key := strings.Repeat("0a", 64)
	for _, hash := range []string{
		"", ":", "salt", "salt:", ":" + key, "salt:" + key[2:], "salt:" + key + "00", "salt:" + strings.ToUpper(key),
		"salt:" + key + ":", "salt:" + key[1:] + "x", strings.Repeat("s", 129) + ":" + key, "$2b$10$" + key,
	} {
		ok, err := passwords.Verify(t.Context(), hash, "password")
		if ok || err == nil || errors.Is(err, secure.ErrBusy) || strings.Contains(err.Error(), key[:4]) {
			t.Errorf("%q: got %v, %v, want an error", hash, ok, err)
		}
	}
	if passwords.Idle() != 1 {
		t.Errorf("got %d buffers in use, want 1: the work was not done", passwords.Idle())
	}
}

func TestQueueIsBounded(t *testing.T) {
	const workers, queue, callers = 2, 6, 64
	synctest.Test(t, func(t *testing.T) {
		passwords := secure.NewPasswords(secure.PasswordConfig{Workers: workers, Queue: queue})
		hold := make(chan struct{})
		var busy, done, running, most atomic.Int64
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				release, err := passwords.Acquire(t.Context())
				if errors.Is(err, secure.ErrBusy) {
					busy.Add(1)
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				n := running.Add(1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				<-hold
				running.Add(-1)
				done.Add(1)
				release()
			})
		}
		synctest.Wait()
		if got, want := busy.Load(), int64(callers-workers-queue); got != want {
			t.Errorf("busy: got %d, want %d", got, want)
		}
		close(hold)
		group.Wait()
		if got, want := done.Load(), int64(workers+queue); got != want {
			t.Errorf("done: got %d, want %d", got, want)
		}
		if got := most.Load(); got != workers {
			t.Errorf("at once: got %d, want %d", got, workers)
		}
		if got := passwords.Idle(); got > workers {
			t.Errorf("buffers: got %d, want at most %d", got, workers)
		}
	})
}

func TestCancellationFreesThePlaceInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passwords := secure.NewPasswords(secure.PasswordConfig{Workers: 1, Queue: 1})
		release, err := passwords.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := passwords.Hash(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("waiting: got %v after %v, want the deadline after 1s", err, time.Since(start))
		}
		waits := make(chan error, 1)
		go func() {
			release, err := passwords.Acquire(t.Context())
			if err == nil {
				release()
			}
			waits <- err
		}()
		synctest.Wait()
		if _, err := passwords.Verify(t.Context(), "", "x"); !errors.Is(err, secure.ErrBusy) {
			t.Errorf("queue full: got %v, want ErrBusy", err)
		}
		release()
		if err := <-waits; err != nil {
			t.Errorf("in the freed place: %v", err)
		}
		if _, err := passwords.Hash(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended before: got %v, want the deadline", err)
		}
	})
}

func TestNobodyWaitsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passwords := secure.NewPasswords(secure.PasswordConfig{Workers: 1, Queue: 1})
		release, err := passwords.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for i := range 2 { // the first has left its place to the second
			if _, err := passwords.Hash(t.Context(), "x"); !errors.Is(err, secure.ErrBusy) || time.Since(start) != 10*time.Second {
				t.Errorf("caller %d: got %v after %v, want ErrBusy after 10s", i, err, time.Since(start))
			}
			start = time.Now()
		}
		release()
		if _, err := passwords.Hash(t.Context(), "x"); err != nil {
			t.Errorf("with room: %v", err)
		}
	})
}

func TestNegativeQueueLetsNobodyWait(t *testing.T) {
	passwords := secure.NewPasswords(secure.PasswordConfig{Workers: 1, Queue: -1})
	release, err := passwords.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := passwords.Hash(t.Context(), "x"); !errors.Is(err, secure.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
}

func TestUnusedBuffersAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passwords := secure.NewPasswords(secure.PasswordConfig{Workers: 3})
		use := func(n int) {
			t.Helper()
			var releases []func()
			for range n {
				release, err := passwords.Acquire(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				releases = append(releases, release)
			}
			for _, release := range releases {
				release()
			}
		}
		idleAfter := func(wait time.Duration, want int) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			if got := passwords.Idle(); got != want {
				t.Errorf("got %d buffers, want %d", got, want)
			}
		}
		use(3) // the minute starts when the first comes back
		idleAfter(59*time.Second, 3)
		use(1)
		idleAfter(2*time.Second, 2)  // one was idle all the minute
		idleAfter(58*time.Second, 2) // 1:59
		use(1)
		idleAfter(2*time.Second, 1)
		idleAfter(58*time.Second, 1) // 2:59
		idleAfter(2*time.Second, 0)
		use(2)
		idleAfter(time.Second, 2)
	})
}

// TestHashingYields runs a goroutine that wants the only processor at every moment: it
// gets it many times within a hash, not once in the 10 ms that the runtime takes to
// interrupt.
func TestHashingYields(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	passwords := secure.NewPasswords(secure.PasswordConfig{})
	done := make(chan error)
	go func() {
		_, err := passwords.Hash(context.WithoutCancel(t.Context()), "x")
		done <- err
	}()
	for turns := 0; ; turns++ {
		select {
		case err := <-done:
			if err != nil || turns < 200 {
				t.Errorf("got %d turns, %v, want at least 200", turns, err)
			}
			return
		default:
			runtime.Gosched()
		}
	}
}

func TestNormalizeAsJavaScript(t *testing.T) {
	u := readUpstream(t)
	long := 0
	for _, c := range u.Normal {
		if got := secure.NormalizePassword(c.Text); got != c.NFKC {
			t.Errorf("%+q: got %+q, want %+q", c.Text, got, c.NFKC)
		}
		if got := secure.ComposeMarks(c.Text); got != c.NFKC {
			t.Errorf("slowly, %+q: got %+q, want %+q", c.Text, got, c.NFKC)
		}
		if norm.NFKC.String(c.Text) != c.NFKC {
			long++
		}
	}
	if len(u.Normal) < 400 || long < 100 {
		t.Errorf("got %d cases, %d of them with many marks", len(u.Normal), long)
	}
}

// TestSlowNormalizationIsNFKC compares both ways for every character, alone and between
// others that it may combine with.
func TestSlowNormalizationIsNFKC(t *testing.T) {
	for r := rune(1); r <= 0x2FFFF; r++ {
		if r >= 0xD800 && r <= 0xDFFF {
			continue
		}
		for _, text := range []string{string(r), "a\u0323" + string(r) + "\u0301\u0345"} {
			if got, want := secure.ComposeMarks(text), norm.NFKC.String(text); got != want {
				t.Fatalf("%+q: got %+q, want %+q", text, got, want)
			}
		}
	}
}

// FuzzPasswordHash says that a hash is taken apart only into parts that make it again,
// and only if upstream would compare such parts.
func FuzzPasswordHash(f *testing.F) {
	key := strings.Repeat("09af", 32)
	for _, hash := range []string{"salt:" + key, "salt:" + key + ":", ":" + key, ":", "a:b:c", strings.Repeat("s", 129) + ":" + key} {
		f.Add(hash)
	}
	wellFormed := regexp.MustCompile(`(?s)^[^:]{1,128}:[0-9a-f]{128}$`)
	f.Fuzz(func(t *testing.T, hash string) {
		salt, key, ok := secure.SplitHash(hash)
		if salt == "" || ok && salt+":"+key != hash {
			t.Fatalf("%q: got %q and %q", hash, salt, key)
		}
		if want := wellFormed.MatchString(hash); ok != want && utf8.ValidString(hash) && isASCII(salt) {
			t.Fatalf("%q: got %v, want %v", hash, ok, want)
		}
	})
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func BenchmarkPasswordVerify(b *testing.B) {
	passwords := secure.NewPasswords(secure.PasswordConfig{})
	hash, err := passwords.Hash(b.Context(), "password1234")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := passwords.Verify(b.Context(), hash, "password1234"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
