/** What a finding code says, in English and Chinese, and what a person does about it. */
export interface CodeRow {
  en: string;
  zh: string;
  whatToDo: string;
}
