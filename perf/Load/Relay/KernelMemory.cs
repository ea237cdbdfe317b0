using System.Globalization;

namespace MediaRelay.Load.Relay;

/// <summary>Bytes of kernel slab memory of the whole machine; differences are good to a few hundred bytes per object.</summary>
internal static class KernelMemory
{
    public static long Read() => File.ReadLines("/proc/meminfo").Where(line => line.StartsWith("Slab:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024).First();
}
