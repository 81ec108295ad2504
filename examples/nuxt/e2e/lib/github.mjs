// A GitHub on which one can be anybody: a page that asks who, and the endpoints
// that say so. What it looks like to a program is docs.github.com, "Authorizing
// OAuth apps"; errors of tokens come with 200.
import { randomBytes } from 'node:crypto'
import http from 'node:http'

const page = (query) => `<!doctype html><html lang="en"><title>Fake GitHub</title><h1>Fake GitHub</h1>
<form method="post" action="/login/oauth/authorize?${query.replaceAll('&', '&amp;')}">
<label>Login <input name="login"></label> <label>Name <input name="name"></label> <label>Email <input name="email"></label>
<button name="do" value="allow">Authorize</button> <button name="do" value="deny">Cancel</button></form>`

/** Starts it and returns its address. */
export async function startGitHub(port) {
  const codes = new Map()
  const tokens = new Map()
  const ids = new Map() // the same login is the same person

  function authorize(query, form) {
    const back = new URL(query.get('redirect_uri'))
    back.searchParams.set('state', query.get('state'))
    if (form.get('do') !== 'allow') {
      back.searchParams.set('error', 'access_denied')
      back.searchParams.set('error_description', 'The user has denied your application access.')
      return back
    }
    const code = randomBytes(10).toString('hex')
    const login = form.get('login')
    if (!ids.has(login)) ids.set(login, 1000 + ids.size)
    codes.set(code, { id: ids.get(login), login, name: form.get('name'), email: form.get('email') })
    back.searchParams.set('code', code)
    return back
  }

  function token(form) {
    const person = codes.get(form.get('code'))
    codes.delete(form.get('code'))
    if (!person || form.get('client_secret') !== 'github-secret') return { error: 'bad_verification_code' }
    const access = `gho_${randomBytes(18).toString('hex')}`
    tokens.set(access, person)
    return { access_token: access, token_type: 'bearer', scope: 'read:user,user:email' }
  }

  const server = http.createServer(async (req, res) => {
    const url = new URL(req.url, 'http://localhost')
    const form = new URLSearchParams(await text(req))
    const person = tokens.get(req.headers.authorization?.replace(/^Bearer /, ''))
    const json = (value, status = 200) => res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    switch (`${req.method} ${url.pathname}`) {
      case 'GET /login/oauth/authorize':
        return res.writeHead(200, { 'content-type': 'text/html' }).end(page(url.search.slice(1)))
      case 'POST /login/oauth/authorize':
        return res.writeHead(302, { location: authorize(url.searchParams, form).href }).end()
      case 'POST /login/oauth/access_token':
        return json(token(form))
      case 'GET /user':
        return person ? json({ ...person, avatar_url: 'https://avatars.example/1' }) : json({ message: 'Bad credentials' }, 401)
      case 'GET /user/emails':
        return person ? json([{ email: person.email, primary: true, verified: true }]) : json({ message: 'Bad credentials' }, 401)
      default:
        return json({ message: 'Not Found' }, 404)
    }
  })
  await new Promise((done) => server.listen(port, '127.0.0.1', done))
  return { origin: `http://localhost:${port}`, stop: () => { server.closeAllConnections(); server.close() } }
}

async function text(req) {
  let all = ''
  for await (const chunk of req) all += chunk
  return all
}
