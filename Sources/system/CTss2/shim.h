// The two transports are linked, not loaded: what tctildr loads is whatever library a configuration string names.
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tcti_device.h>
#include <tss2/tss2_tcti_swtpm.h>

// A macro over a table of functions, which Swift cannot call.
static inline void jupiter_tcti_finalize(TSS2_TCTI_CONTEXT *context) { Tss2_Tcti_Finalize(context); }
