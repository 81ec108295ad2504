// A client without a browser: what it gets is the bare answer.
import http from 'node:http'

/** Returns a client with cookies of its own, that comes from an address. */
export function client(stack, address) {
  const jar = new Map()
  const ask = (path, { method = 'GET', json, headers = {}, raw = false } = {}) => new Promise((resolve, reject) => {
    const { hostname, port } = new URL(stack.origin)
    const body = json === undefined ? undefined : JSON.stringify(json)
    const request = http.request({
      hostname, port, path, method,
      headers: {
        ...address ? { 'x-forwarded-for': address } : {},
        ...jar.size && !raw ? { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } : {},
        ...body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), origin: stack.origin },
        ...headers,
      },
    }, async (answer) => {
      let text = ''
      for await (const chunk of answer.setEncoding('utf8')) text += chunk
      const cookies = answer.headers['set-cookie'] ?? []
      for (const line of cookies) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
        if (value) jar.set(name, value)
        else jar.delete(name)
      }
      resolve({ status: answer.statusCode, headers: answer.headers, cookies, text, json: () => JSON.parse(text) })
    })
    request.on('error', reject)
    request.end(body)
  })
  const names = (part) => [...jar.keys()].filter((name) => name.includes(part))
  return {
    ask,
    signUp: (who) => ask('/api/auth/sign-up/email', { method: 'POST', json: who }),
    value: (part) => decodeURIComponent(jar.get(names(part)[0]) ?? ''),
    forgetCopy: () => names('session_data').forEach((name) => jar.delete(name)),
    forget: () => jar.clear(),
  }
}

const lines = (stack, from) => stack.log.text().slice(from).split('\n').filter((line) => line.includes('"msg":"request"')).map((line) => JSON.parse(line))

/** Waits until Lockstep has logged all that it was asked, and returns how long its log is. */
export async function now(stack) {
  const mark = () => lines(stack, 0).filter((line) => line.path === '/api/auth/ok').length
  const before = mark()
  await fetch(`${stack.behind}/api/auth/ok`)
  while (mark() === before) await new Promise((done) => setTimeout(done, 10))
  return stack.log.text().length
}

/** Returns how long Lockstep took, in milliseconds, each time it was asked for a path since its log was as long as from. */
export async function asked(stack, path, from) {
  await now(stack)
  return lines(stack, from).filter((line) => line.path === path).map((line) => line.duration_ms)
}
