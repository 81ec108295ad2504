// What a project does that has neither.
import type { LockstepSession, LockstepSocialProvider, LockstepUser } from './lockstep'

export function use(user: LockstepUser, session: LockstepSession, provider: LockstepSocialProvider) {
  const image: string | null = user.image
  const ends: number = session.expiresAt.getTime()
  const id: 'github' | 'own"id' = provider
  return [image, ends, id, user.role.length]
}
