import { watch } from 'vue'
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { askForSession, away, session } from './auth'
import Account from './pages/Account.vue'
import Home from './pages/Home.vue'
import NotFound from './pages/NotFound.vue'
import SignIn from './pages/SignIn.vue'
import SignUp from './pages/SignUp.vue'
import { wayBack } from './way'

declare module 'vue-router' {
  interface RouteMeta {
    title: string
    only?: 'user' | 'guest' // who may see the page
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: Home, meta: { title: 'Welcome' } },
    { path: '/sign-in', component: SignIn, meta: { title: 'Sign in', only: 'guest' } },
    { path: '/sign-up', component: SignUp, meta: { title: 'Create an account', only: 'guest' } },
    { path: '/account', component: Account, meta: { title: 'Your account', only: 'user' } },
    { path: '/:rest(.*)', component: NotFound, meta: { title: 'Page not found' } },
  ],
})

// The guard is for the eye only: what is secret stays on a server that checks the
// session itself. It asks the server each time, so that a session that was ended
// elsewhere does not open a page. If the server does not answer, people stay who
// they were.
router.beforeEach(async (to) => {
  if (!to.meta.only) return
  const known = await askForSession()
  if (to.meta.only === 'user' && known === null) return signIn(to)
  if (to.meta.only === 'guest' && known) return wayBack(to)
})

router.afterEach((to) => { document.title = `${to.meta.title} – Example` })

// Somebody signed out in another tab, or the session has ended.
watch(session, ({ data, isPending }) => {
  const here = router.currentRoute.value
  if (here.meta.only === 'user' && !data && !isPending && !away.value) void router.push(signIn(here))
})

function signIn(from: RouteLocationNormalized) {
  return { path: '/sign-in', query: { redirect: from.fullPath } }
}
