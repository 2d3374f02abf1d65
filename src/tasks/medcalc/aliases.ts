/**
 * Other names of an entity in the versions of the data files, by the name that calculators use.
 * Case, spacing and subscript digits need no row: `QT interval` is `QT Interval`, `FiO₂` is `FiO2`.
 */
export const aliases: Readonly<Record<string, readonly string[]>> = {
  "Bedridden recently >3 days": ["Bedridden recently >3 days or major surgery within 12 weeks"],
  "Chronic Pulmonary Disease": ["Chronic Obstructive Pulmonary Disease"],
  "Congestive Heart Failure": ["Congestive Heart Faliure", "Congestive heart failure history"],
  "Continuous positive airway pressure": ["Continous positive airway pressure"],
  "Diabetes mellitus": ["Diabetes mellitus criteria for CCI rule", "Diabetes history"],
  "History of cerebrovascular disease": ["Cerebrovascular disease history"],
  Hypertension: ["Hypertension history"],
  "Liver disease": ["Liver disease severity", "Liver disease history"],
  "Liver disease history": ["Liver disease severity"],
  PaCO2: ["Partial pressure of carbon dioxide"],
  PaO2: ["Partial pressure of oxygen", "Partial pressure of oxygen (PaO2) for Apache II"],
  "Renal disease history": ["Renal disease"],
};
