@_exported import CohortStatistics
