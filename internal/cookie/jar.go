package cookie

import "slices"

// A Jar collects the cookies of one response, at most one per name: with two,
// the earlier could be read from the response although it was taken back. The
// zero value is empty and ready. A Jar is not safe for concurrent use.
type Jar struct {
	cookies []Cookie
}

// Set adds c, or puts it in the place of the cookie with the same name. A
// cookie that cannot be written (see Cookie.String) is not kept.
func (j *Jar) Set(c Cookie) {
	if !c.writable() {
		return
	}
	i := slices.IndexFunc(j.cookies, func(other Cookie) bool { return other.Name == c.Name })
	if i < 0 {
		j.cookies = append(j.cookies, c)
		return
	}
	j.cookies[i] = c
}

// Remove takes back name and all slices of it.
func (j *Jar) Remove(name string) {
	j.cookies = slices.DeleteFunc(j.cookies, func(c Cookie) bool {
		_, isChunk := chunkNumber(name, c.Name)
		return isChunk || c.Name == name
	})
}

// All returns the cookies in the order in which their names were first set.
func (j *Jar) All() []Cookie {
	return slices.Clone(j.cookies)
}

// Len returns how many cookies there are.
func (j *Jar) Len() int {
	return len(j.cookies)
}
