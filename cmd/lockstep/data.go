package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

// prepare gives s a secret and a database in the folder dir, unless it has its
// own. The folder is made for its owner only, and so that git leaves it alone.
// It returns sentences on what it made.
func prepare(dir string, s *file.Settings) (made []string, err error) {
	ownSecret, ownDatabase := hasSecret(&s.Auth), s.Database != file.Database{}
	if ownSecret && ownDatabase {
		return nil, nil
	}
	if err := os.Mkdir(dir, 0o700); err == nil {
		made = append(made, "Made the folder "+dir+".")
		if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o600); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the data folder: %w: name another one with --data", err)
	}
	if !ownDatabase {
		s.Database.SQLite = filepath.Join(dir, defaultDatabase)
	}
	if ownSecret {
		return made, nil
	}
	secret, isNew, err := keptSecret(filepath.Join(dir, "secret"))
	s.Auth.Secret = secret
	if isNew {
		made = append(made, "Made a secret in "+filepath.Join(dir, "secret")+".")
	}
	return made, err
}

// keptSecret returns the secret in the file at path, which is made if there is
// none.
func keptSecret(path string) (secret string, isNew bool, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		secret, err = readSecret(path)
		return secret, false, err
	}
	if err != nil {
		return "", false, err
	}
	secret = newSecret()
	_, err = f.WriteString(secret + "\n")
	return secret, true, errors.Join(err, f.Close())
}

func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" { // which has no such bits
		return "", fmt.Errorf("other users can read the secret in %s: run \"chmod 600 %[1]s\"", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", fmt.Errorf("there is no secret in %s: remove the file to get a new one", path)
	}
	return secret, nil
}
