// Chapters come before statements, proofs and the appendices, whatever the words in them score.
Scorer.score = ([page, , , , score]) => score - (/^(_generated|appendices)\//.test(page) ? 1000 : 0);
// Browsers let no page opened from a file read other pages, from which the search takes the text below each title.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
