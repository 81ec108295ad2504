import type { RouteLocationNormalized } from 'vue-router'

// Where to go after signing in: the path in ?redirect=, if it is one of this site.
export function wayBack(route: RouteLocationNormalized): string {
  const to = route.query.redirect
  return typeof to === 'string' && /^\/(?![/\\])[\x21-\x7e]*$/.test(to) ? to : '/account'
}
