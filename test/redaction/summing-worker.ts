import { answerQuestions } from '../../service/redaction/answerer.ts'
import { summing } from './summing.ts'

answerQuestions(summing)
