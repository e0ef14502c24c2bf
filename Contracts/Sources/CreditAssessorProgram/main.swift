@_exported import CreditAssessor
