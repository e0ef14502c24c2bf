// The C symbols that Embedded Swift asks of its platform; see runtime.c. Swift calls them by name, so nothing is declared here.
#pragma once
