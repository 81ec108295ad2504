import type { Failure } from './auth'

// Says to a person what went wrong. Codes are for programs, and messages for
// programmers.
export function explain(error: Failure): string {
  switch (error.code) {
    case 'INVALID_EMAIL_OR_PASSWORD': return 'The email address or the password is wrong.'
    case 'INVALID_EMAIL': case 'VALIDATION_ERROR': return 'Fill in the form, with an email address such as ada@example.com.'
    case 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL':
      return 'There is an account with this email address already. Sign in, or use another address.'
    case 'PASSWORD_TOO_SHORT': return 'This password is too short: use 8 characters or more.'
    case 'PASSWORD_TOO_LONG': return 'This password is too long: use 128 characters or fewer.'
    case 'PROVIDER_NOT_FOUND': return 'Sign-in with GitHub is not set up on this server.'
    case 'SESSION_NOT_FRESH': return 'You signed in too long ago for this. Sign out, sign in again, and come back.'
    case 'INVALID_ORIGIN': case 'INVALID_CALLBACK_URL':
      return `The server does not trust ${location.origin}. Those who run it can add it to trustedOrigins.`
  }
  switch (error.status) {
    case 0: case 502: case 503: case 504: return 'The server cannot be reached. Nothing was changed: try again in a moment.'
    case 401: return 'You are not signed in any more.'
    case 429: return 'That was tried too often. Wait a minute, and try again.'
  }
  return 'That was not accepted. Check what you filled in, and try again.'
}

// Says why GitHub did not sign somebody in, by the error in the address.
export function explainRedirect(error: unknown): string {
  switch (error) {
    case undefined: return ''
    case 'access_denied': return 'You did not allow GitHub to sign you in.'
    case 'account_not_linked':
      return 'There is an account with the address of your GitHub account. Sign in with its password.'
  }
  return 'GitHub could not sign you in. Try again.'
}

// What a person calls the device of a session.
export function deviceName(userAgent: string | null | undefined): string {
  const text = userAgent ?? ''
  const browser = /Edg\//.test(text) ? 'Edge' : /Firefox\//.test(text) ? 'Firefox' : /Chrome\//.test(text) ? 'Chrome'
    : /Safari\//.test(text) ? 'Safari' : 'Unknown browser'
  const system = /Android/.test(text) ? 'Android' : /iPhone|iPad/.test(text) ? 'iOS' : /Windows/.test(text) ? 'Windows'
    : /Mac OS X/.test(text) ? 'macOS' : /Linux/.test(text) ? 'Linux' : ''
  return system ? `${browser} on ${system}` : browser
}
