// The C symbols that Embedded Swift asks of its platform, for wasm32 only (this file is empty elsewhere).
#if defined(__wasm__)

typedef __SIZE_TYPE__ size_t;
typedef unsigned long long u64;
typedef unsigned __int128 u128;

enum { page_bytes = 65536, out_of_memory = 12 };

extern unsigned char __heap_base;
static size_t heap_top;   // the first free byte; 0 before the first allocation
static size_t last_block; // where the newest block starts

// A bump allocator: an instance lives for one run, so only the newest block is ever taken back. Memory beyond the limit of the
// run is refused by the host, and Swift's runtime then traps.
int posix_memalign(void **block, size_t alignment, size_t count) {
  size_t start = heap_top ? heap_top : (size_t)&__heap_base;
  start = (start + alignment - 1) & ~(alignment - 1);
  size_t end = start + count;
  if (end < start) return out_of_memory;
  size_t present = __builtin_wasm_memory_size(0) * page_bytes;
  if (end > present) {
    size_t pages = (end - present + page_bytes - 1) / page_bytes;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return out_of_memory;
  }
  last_block = start;
  heap_top = end;
  *block = (void *)start;
  return 0;
}

void free(void *block) {
  if (block && (size_t)block == last_block) heap_top = last_block;
}

int memcmp(const void *a, const void *b, size_t count) {
  const unsigned char *x = a, *y = b;
  for (; count; count--, x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}

void *memset(void *target, int byte, size_t count) {
  __asm__ volatile("local.get %0\nlocal.get %1\nlocal.get %2\nmemory.fill 0\n" ::"r"(target), "r"(byte), "r"(count));
  return target;
}

void *memmove(void *target, const void *source, size_t count) {
  __asm__ volatile("local.get %0\nlocal.get %1\nlocal.get %2\nmemory.copy 0,0\n" ::"r"(target), "r"(source), "r"(count));
  return target;
}

void *memcpy(void *target, const void *source, size_t count) { return memmove(target, source, count); }

// The seed of Swift's Hasher. Fixed: Dictionary and Set must iterate alike on every machine.
void arc4random_buf(void *target, size_t count) { memset(target, 0x5a, count); }

// What a failed precondition would print goes nowhere: a program has no log.
int putchar(int character) { return character; }

// Overflow-checked multiplication of Int64 lowers to this compiler-rt helper.
u128 __multi3(u128 a, u128 b) {
  u64 a_low = (u64)a, b_low = (u64)b;
  u64 a0 = (unsigned)a_low, a1 = a_low >> 32, b0 = (unsigned)b_low, b1 = b_low >> 32;
  u64 p0 = a0 * b0, p1 = a0 * b1, p2 = a1 * b0, p3 = a1 * b1;
  u64 middle = (p0 >> 32) + (unsigned)p1 + (unsigned)p2;
  u64 low = (middle << 32) | (unsigned)p0;
  u64 high = p3 + (p1 >> 32) + (p2 >> 32) + (middle >> 32) + (u64)(a >> 64) * b_low + a_low * (u64)(b >> 64);
  return ((u128)high << 64) | low;
}

#endif
