/* NVML for a machine without a GPU: every device is an "NVIDIA Fake" of 80 GB. What it tells is read
 * from variables, at each call:
 *   FAKE_GPUS            how many devices there are; FAKE_GPUS_FILE, a file that says so instead
 *   FAKE_GPU_BUSY        INDEX[:PID[:BYTES]],…  processes of somebody else; the pid is 1 by default
 *   FAKE_GPU_USED        INDEX:BYTES,…          memory in use
 *   FAKE_GPU_UTILISATION INDEX:PERCENT,…
 *   FAKE_GPU_BUS         INDEX:NUMBER,…         place on the PCI bus; INDEX + 1 by default
 *   FAKE_GPU_MIG         INDEX:INSTANCES,…      devices that are divided, each instance has 10 GB
 *   FAKE_GPU_LINKED      INDEX:GROUP,…          devices of one group are joined by NVLink
 *   FAKE_GPU_LOST        INDEX:1,…              devices that have fallen off the bus
 *   FAKE_GPU_GARBAGE     any                    UUIDs that no device has
 *   FAKE_NVML_ERROR      what nvmlInit answers
 *   FAKE_NVML_HANG       the name of the function that never returns
 *   FAKE_NVML_CRASH      the name of the function that ends the process
 *   FAKE_NVML_LOG        a file that the names of some functions are added to when they are called
 * Types and codes are those of NVIDIA's nvml.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned pid; unsigned long long used; unsigned instance, compute; } process_t;
typedef struct { unsigned gpu, memory; } utilisation_t;
typedef struct {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char id_text[32];
} pci_t;
typedef struct {
    unsigned processors, copy, decoder, encoder, jpeg, ofa, slices, compute_slices;
    unsigned long long megabytes;
} attributes_t;

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
       LOST = 15 };
enum { SHIFT = 16, MOST_INSTANCES = 7 };

static int number(const char *name, int otherwise)
{
    const char *said = getenv(name);
    return said && *said ? atoi(said) : otherwise;
}

/* the NUMBER of the entry INDEX:NUMBER of a list */
static long long listed(const char *name, int index, long long otherwise)
{
    const char *at = getenv(name);
    for (; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : "") {
        char *end;
        if (strtol(at, &end, 10) == index && end != at)
            return *end == ':' ? atoll(end + 1) : 1;
    }
    return otherwise;
}

static void trouble(const char *function)
{
    const char *hangs = getenv("FAKE_NVML_HANG"), *crashes = getenv("FAKE_NVML_CRASH");
    const char *path = getenv("FAKE_NVML_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;
    if (log) {
        fprintf(log, "%s\n", function);
        fclose(log);
    }
    if (crashes && !strcmp(crashes, function))
        raise(SIGSEGV);
    while (hangs && !strcmp(hangs, function))
        pause();
}

static int count(void)
{
    const char *path = getenv("FAKE_GPUS_FILE");
    FILE *file = path ? fopen(path, "r") : NULL;
    int found = 0;
    if (!file)
        return number("FAKE_GPUS", 0);
    if (fscanf(file, "%d", &found) != 1)
        found = 0;
    fclose(file);
    return found;
}

/* a handle is the index of its device plus one, as a null handle would be none, and above it the
 * number of an instance plus one */
static int index_of(void *device) { return (int)((long)device & ((1 << SHIFT) - 1)) - 1; }
static int instance_of(void *device) { return (int)((long)device >> SHIFT) - 1; }
static void *handle(int index, int instance)
{
    return (void *)((long)(index + 1) | (long)(instance + 1) << SHIFT);
}

int nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    trouble("nvmlInit");
    return number("FAKE_NVML_ERROR", SUCCESS);
}

int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { (void)code; return "fake error"; }

int nvmlDeviceGetCount_v2(unsigned *found)
{
    trouble("nvmlDeviceGetCount");
    *found = (unsigned)count();
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    if (index >= (unsigned)count())
        return INVALID_ARGUMENT;
    if (listed("FAKE_GPU_LOST", (int)index, 0))
        return LOST;
    *device = handle((int)index, -1);
    return SUCCESS;
}

int nvmlDeviceGetUUID(void *device, char *uuid, unsigned length)
{
    trouble("nvmlDeviceGetUUID");
    if (getenv("FAKE_GPU_GARBAGE"))
        snprintf(uuid, length, "\xff\x01,\n%d", index_of(device));
    else if (instance_of(device) < 0)
        snprintf(uuid, length, "GPU-%08d-0000-0000-0000-000000000000", index_of(device));
    else
        snprintf(uuid, length, "MIG-%08d-0000-0000-0000-%012d", index_of(device),
                 instance_of(device));
    return SUCCESS;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, void **device)
{
    char known[80];
    for (int index = 0; index < count(); index++)
        for (int instance = -1; instance < MOST_INSTANCES; instance++) {
            *device = handle(index, instance);
            nvmlDeviceGetUUID(*device, known, sizeof known);
            if (!strcmp(uuid, known))
                return SUCCESS;
        }
    return NOT_FOUND;
}

int nvmlDeviceGetName(void *device, char *name, unsigned length)
{
    (void)device;
    snprintf(name, length, "NVIDIA Fake");
    return SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(void *device, pci_t *pci)
{
    int index = index_of(device);
    memset(pci, 0, sizeof *pci);
    pci->bus = (unsigned)listed("FAKE_GPU_BUS", index, index + 1);
    snprintf(pci->legacy, sizeof pci->legacy, "0000:%02X:00.0", pci->bus & 0xff);
    snprintf(pci->id_text, sizeof pci->id_text, "00000000:%02X:00.0", pci->bus & 0xff);
    return SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor)
{
    (void)device;
    *major = 9;
    *minor = 0;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory)
{
    memory->total = instance_of(device) < 0 ? 80000000000ULL : 10000000000ULL;
    memory->used = (unsigned long long)listed("FAKE_GPU_USED", index_of(device), 0);
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *device, utilisation_t *rates)
{
    trouble("nvmlDeviceGetUtilizationRates");
    if (instance_of(device) >= 0)
        return NOT_SUPPORTED;
    rates->gpu = (unsigned)listed("FAKE_GPU_UTILISATION", index_of(device), 0);
    rates->memory = 0;
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *room, process_t *found)
{
    unsigned busy = 0;
    const char *at = getenv("FAKE_GPU_BUSY");
    trouble("nvmlDeviceGetComputeRunningProcesses");
    for (; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : "") {
        int index = -1;
        unsigned pid = 1;
        unsigned long long used = 0;
        if (sscanf(at, "%d:%u:%llu", &index, &pid, &used) < 1 || index != index_of(device))
            continue;
        if (found && busy < *room)
            found[busy] = (process_t){.pid = pid, .used = used};
        busy++;
    }
    if (found ? busy > *room : busy > 0) {
        *room = busy;
        return INSUFFICIENT_SIZE;
    }
    *room = busy;
    return SUCCESS;
}

int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *pending)
{
    *now = *pending = listed("FAKE_GPU_MIG", index_of(device), -1) >= 0;
    return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned *most)
{
    (void)device;
    *most = MOST_INSTANCES;
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned number, void **instance)
{
    /* there are gaps where an instance has been given up: the first place is one */
    if (number < 1 || number > (unsigned)listed("FAKE_GPU_MIG", index_of(device), 0))
        return NOT_FOUND;
    *instance = handle(index_of(device), (int)number - 1);
    return SUCCESS;
}

int nvmlDeviceGetAttributes_v2(void *device, attributes_t *attributes)
{
    (void)device;
    memset(attributes, 0, sizeof *attributes);
    attributes->slices = attributes->compute_slices = 1;
    attributes->megabytes = 9728;
    return SUCCESS;
}

int nvmlDeviceGetP2PStatus(void *one, void *other, int capability, int *status)
{
    long long group = listed("FAKE_GPU_LINKED", index_of(one), -1);
    int joined = group >= 0 && group == listed("FAKE_GPU_LINKED", index_of(other), -1);
    *status = capability == 2 && joined ? 0 : 5;
    return SUCCESS;
}
