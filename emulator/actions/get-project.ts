import { jsonReply } from '../http/reply'
import type { Action } from './call'

export const getProject: Action = ({ project }) => jsonReply(project.describe())
