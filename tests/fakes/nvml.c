/* NVML for a machine without a GPU: as many devices as FAKE_GPUS says, each an "NVIDIA Fake" of
 * 80 GB. FAKE_GPU_BUSY is the index of a device that a process of somebody else computes on;
 * FAKE_NVML_ERROR is what nvmlInit answers. Types and codes are those of NVIDIA's nvml.h. */
#include <stdio.h>
#include <stdlib.h>

typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned pid; unsigned long long used; unsigned instance, compute; } process_t;

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, INSUFFICIENT_SIZE = 7 };

static int number(const char *name, int otherwise)
{
    const char *said = getenv(name);
    return said && *said ? atoi(said) : otherwise;
}

/* a handle is the index of its device plus one, as a null handle would be none */
static int index_of(void *device) { return (int)(long)device - 1; }

int nvmlInitWithFlags(unsigned flags) { (void)flags; return number("FAKE_NVML_ERROR", SUCCESS); }
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { (void)code; return "fake error"; }

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = (unsigned)number("FAKE_GPUS", 0);
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    if (index >= (unsigned)number("FAKE_GPUS", 0))
        return INVALID_ARGUMENT;
    *device = (void *)(long)(index + 1);
    return SUCCESS;
}

int nvmlDeviceGetUUID(void *device, char *uuid, unsigned length)
{
    snprintf(uuid, length, "GPU-%08d-0000-0000-0000-000000000000", index_of(device));
    return SUCCESS;
}

int nvmlDeviceGetName(void *device, char *name, unsigned length)
{
    (void)device;
    snprintf(name, length, "NVIDIA Fake");
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory)
{
    (void)device;
    memory->total = 80000000000ULL;
    memory->free = memory->total;
    memory->used = 0;
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, process_t *found)
{
    if (index_of(device) != number("FAKE_GPU_BUSY", -1)) {
        *count = 0;
        return SUCCESS;
    }
    if (!found || *count < 1) {
        *count = 1;
        return INSUFFICIENT_SIZE;
    }
    *count = 1;
    found[0] = (process_t){.pid = 1};
    return SUCCESS;
}
