// Compares what the browser and the server said to each other, with the real
// Better Auth and with Lockstep. What no two runs share is masked; how often and
// in which order something was asked depends on time, and is not compared.

const masks = [
  [/localhost(:|%3A)\d+/g, 'localhost'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<date>'],
  [/Ada(%20| )\d+/g, '<name>'],
  [/ada\d+(@|%40)example\.com/gi, '<email>'],
  [/([?&](?:state|code|code_challenge|client_id)=)[^&"\s]*/g, '$1<value>'],
  [/(?<![\w-])[\w-]{32}(?![\w-])/g, '<id>'],
  [/"accountId":"\d+"/g, '"accountId":"<number>"'],
  [/Mozilla[^"]*/g, '<agent>'],
  [/"ipAddress":"[^"]*"/g, '"ipAddress":"<address>"'], // Better Auth never sees the address of a connection
]

const mask = (text) => masks.reduce((masked, [pattern, by]) => masked.replace(pattern, by), text)

/** A cookie without its value, but with whether it has one. */
function cookie(line) {
  const [, name, value, rest] = /^([^=]+)=([^;]*)(.*)$/.exec(line)
  return `${name}=${value ? '<value>' : ''}${rest}`
}

/** JSON with its members in order: their order is compared by the conformance suite. */
function body(text) {
  try {
    return JSON.stringify(sorted(JSON.parse(text)))
  } catch {
    return text
  }
}

// Members that are null are left out: the reference keeps its rows in memory,
// and says nothing of what is not set.
function sorted(value) {
  if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(sorted(item))).map(mask))].sort()
  if (!value || typeof value !== 'object') return value
  return Object.fromEntries(Object.keys(value).sort().filter((name) => value[name] !== null).map((name) => [name, sorted(value[name])]))
}

// What Lockstep says otherwise on purpose; docs/parity.md has the reasons. All
// that it answers is not to be kept, not only get-session; and no cookie is
// named twice, which a set does not show.
const compared = (path) => (path.endsWith('/get-session') ? ['content-type', 'cache-control', 'pragma'] : ['content-type'])
  .concat('location', 'access-control-allow-origin', 'access-control-allow-credentials')

/** Returns what was said, once each, as lines. */
export function said(exchanges) {
  return [...new Set(exchanges.filter(wasRead).map(({ method, url, sent, status, headers, body: text }) => {
    const { pathname, search } = new URL(url)
    const cookies = [...new Set(headers['set-cookie'].map(cookie))].sort()
    const others = compared(pathname).filter((name) => headers[name].length).map((name) => `${name}: ${headers[name]}`)
    return mask([`${method} ${pathname}${search}`, `sent ${JSON.stringify(sent)}`, `${status} ${others.join('; ')}`, ...cookies, leaves(pathname) ? '' : body(text)].join('\n    '))
  }))].sort()
}

/** Reports whether the browser still had the body when it was asked for it: a page that is left has none. */
function wasRead({ method, url, status, body: text }) {
  return text !== '' || status < 200 || status === 204 || (status >= 300 && status < 400) || method === 'OPTIONS' || leaves(new URL(url).pathname)
}

/** Reports whether the page is left at once. */
function leaves(path) {
  return /\/(?:sign-in|link)[-/]social$/.test(path)
}

// A sign-in with a service that confirms the address: Lockstep's copy of the
// user says so at once, Better Auth's when it is read from the database again.
const asBefore = (line) => line.replace('"emailVerified":true', '"emailVerified":false')

/** Returns what only one of two runs said. */
export function differences(reference, lockstep) {
  const [left, right] = [said(reference), said(lockstep)]
  return { reference: left.filter((line) => !right.includes(line)), lockstep: right.filter((line) => !left.includes(line) && !left.includes(asBefore(line))) }
}
