using System.Globalization;

namespace MediaRelay.Load.Relay;

/// <summary>
/// CPU time of the server in nanoseconds: every thread of its process plus the kernel threads that receive for its devices, as
/// the scheduler counts them (<c>/proc/*/schedstat</c>).
/// </summary>
internal sealed class CpuAccount(int process, IReadOnlyList<int> receiveThreads)
{
    public Reading Read()
    {
        long server = 0;
        foreach (var task in Directory.GetDirectories($"/proc/{process}/task"))
            server += ReadOne($"{task}/schedstat");
        var devices = receiveThreads.Sum(id => ReadOne($"/proc/{id}/schedstat"));
        return new Reading(server, devices);
    }

    private static long ReadOne(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            return long.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // The thread ended; what it used is lost to this account, which only short-lived pool threads do.
            return 0;
        }
    }

    internal readonly record struct Reading(long Server, long Devices)
    {
        public long Total => Server + Devices;

        public static Reading operator -(Reading left, Reading right) => new(left.Server - right.Server, left.Devices - right.Devices);
    }
}
