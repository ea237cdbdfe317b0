using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.Load.Signaling;

/// <summary>The measurements of the Event Server; each is one row of the table.</summary>
internal sealed class SignalingRounds : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sma-load").FullName;
    private readonly List<RawGateway> _gateways = [];
    private ServerProcess _server = null!;
    private int _epoch;

    public async Task PrepareAsync(int count)
    {
        string folder = Path.Combine(_folder, "authority");
        using OperatorAuthority authority = OperatorAuthority.Create(folder, "Load", DateTimeOffset.UtcNow);
        IssuedCertificate server = authority.IssueServer(["localhost"], TimeSpan.FromDays(2), DateTimeOffset.UtcNow);
        File.WriteAllText(Path.Combine(folder, "server.crt"), server.CertificatePem);
        File.WriteAllText(Path.Combine(folder, "server.key"), server.KeyPem);
        string[] ids = [.. Enumerable.Range(1, count).Select(n => $"gw-{n:00000}")];
        await using (SqliteStorage storage = SqliteStorage.Open(_folder))
            await Task.WhenAll(ids.Select(id => storage.Gateways.SaveAsync(new GatewayRecord { Id = id, Home = id })));
        _server = ServerProcess.Start(_folder, 0);
        foreach (string id in ids)
        {
            IssuedCertificate issued = authority.IssueGateway(id, TimeSpan.FromDays(2), DateTimeOffset.UtcNow);
            _gateways.Add(new RawGateway(id, X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem), _server.Endpoint));
        }
    }

    /// <summary>Closed loop: events per second that were durable before their answer.</summary>
    public async Task<(double PerSecond, double ServerCpuShare)> ThroughputAsync(int connections, int batch, TimeSpan length)
    {
        RawGateway[] active = await ConnectAsync(connections);
        string epoch = $"e{++_epoch}";
        long events = 0;
        TimeSpan cpu = _server.Cpu();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(active.Select(gateway => Task.Run(async () =>
        {
            ulong seq = 0;
            while (watch.Elapsed < length)
            {
                if (await gateway.PostAsync("events", Document(gateway.Id, epoch, ref seq, batch), CancellationToken.None) != 202)
                    throw new InvalidOperationException("An event was refused.");
                Interlocked.Add(ref events, batch);
            }
        })));
        return (events / watch.Elapsed.TotalSeconds, (_server.Cpu() - cpu) / watch.Elapsed);
    }

    /// <summary>Open loop at a given rate: 99th percentile from the moment a post was due until its answer.</summary>
    public async Task<double> AcknowledgeAsync(int connections, int batch, double eventsPerSecond, TimeSpan length)
    {
        RawGateway[] active = await ConnectAsync(connections);
        string epoch = $"e{++_epoch}";
        TimeSpan gap = TimeSpan.FromSeconds(connections * batch / eventsPerSecond);
        var times = new List<double>();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(active.Select((gateway, i) => Task.Run(async () =>
        {
            ulong seq = 0;
            TimeSpan due = gap * i / connections;
            while (due < length)
            {
                if (due > watch.Elapsed)
                    await Task.Delay(due - watch.Elapsed);
                // A delay of the generator's own timer (1 ms steps) is not the server's.
                TimeSpan start = due > watch.Elapsed - TimeSpan.FromMilliseconds(2) ? watch.Elapsed : due;
                await gateway.PostAsync("events", Document(gateway.Id, epoch, ref seq, batch), CancellationToken.None);
                lock (times)
                    times.Add((watch.Elapsed - start).TotalMilliseconds);
                due += gap;
            }
        })));
        return Percentile(times, 0.99);
    }

    /// <summary>Server memory per held GET over mutual TLS, and how fast the connections opened.</summary>
    public async Task<(double BytesPerGet, double OpenPerSecond, CancellationTokenSource Stop, Task Held)> HoldAsync(int count, List<double> latencies)
    {
        long before = _server.Memory();
        var stop = new CancellationTokenSource();
        int held = 0;
        var watch = Stopwatch.StartNew();
        using var slots = new SemaphoreSlim(32);
        Task all = Task.WhenAll(_gateways.Take(count).Select(async gateway =>
        {
            await slots.WaitAsync();
            await gateway.ConnectAsync(stop.Token);
            slots.Release();
            Interlocked.Increment(ref held);
            ulong after = 0;
            while (!stop.IsCancellationRequested)
            {
                int status;
                try
                {
                    status = await gateway.GetAsync(string.Create(CultureInfo.InvariantCulture, $"instructions?after={after}&wait=25"), stop.Token);
                }
                catch (Exception e) when (e is IOException or OperationCanceledException)
                {
                    return;
                }

                long now = Stopwatch.GetTimestamp();
                if (status != 200 || !SmaReader.TryReadInstructions(gateway.Body.Span, out InstructionBatch batch, out _))
                    continue;
                foreach (Instruction instruction in batch.Instructions)
                {
                    after = Math.Max(after, instruction.Seq);
                    lock (latencies)
                        latencies.Add(Stopwatch.GetElapsedTime(long.Parse(instruction.Id.AsSpan(1), CultureInfo.InvariantCulture), now).TotalMilliseconds);
                }
            }
        }));
        while (Volatile.Read(ref held) < count)
            await Task.Delay(50);
        double open = count / watch.Elapsed.TotalSeconds;
        await Task.Delay(2000);
        return ((_server.Memory() - before) / (double)count, open, stop, all);
    }

    public async Task SendAsync(int count, int connected, double perSecond)
    {
        for (int i = 0; i < count; i++)
        {
            _server.Send(_gateways[RandomNumberGenerator.GetInt32(connected)].Id);
            await Task.Delay(TimeSpan.FromSeconds(1 / perSecond));
        }

        await Task.Delay(1000);
    }

    /// <summary>Kills and restarts the server: time until all gateways hold a GET again, and the latest alarm meanwhile.</summary>
    public async Task<(double AllBack, double LatestAlarm)> RestartAsync(int count, int alarms)
    {
        int port = _server.Endpoint.Port;
        _server.Kill();
        _server.Dispose();
        _server = ServerProcess.Start(_folder, port);
        var watch = Stopwatch.StartNew();
        double latest = 0;
        int back = 0;
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Task raised = Task.WhenAll(Enumerable.Range(0, alarms).Select(async i =>
        {
            // Alarms at random moments of the first ten seconds, each over a connection of its own, as a gateway does.
            await Task.Delay(TimeSpan.FromSeconds(10.0 * i / alarms), stop.Token);
            RawGateway gateway = _gateways[count + i];
            double start = watch.Elapsed.TotalSeconds;
            ulong seq = 0;
            byte[] alarm = Document(gateway.Id, "alarm", ref seq, 1, EventPriority.Alarm);
            await RetryAsync(gateway, alarm, true, stop.Token);
            lock (_gateways)
                latest = Math.Max(latest, watch.Elapsed.TotalSeconds - start);
        }));
        Task returned = Task.WhenAll(_gateways.Take(count).Select(async gateway =>
        {
            await RetryAsync(gateway, null, false, stop.Token);
            Interlocked.Increment(ref back);
            try
            {
                await gateway.GetAsync("instructions?wait=25", stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The measurement ended.
            }
        }));
        while (Volatile.Read(ref back) < count && !stop.IsCancellationRequested)
            await Task.Delay(50);
        double all = watch.Elapsed.TotalSeconds;
        await raised;
        await stop.CancelAsync();
        await returned;
        return (all, latest);
    }

    public void Dispose()
    {
        _server?.Dispose();
        foreach (RawGateway gateway in _gateways)
            gateway.Dispose();
        Directory.Delete(_folder, true);
    }

    public static double Percentile(List<double> values, double share)
    {
        lock (values)
        {
            values.Sort();
            return values.Count == 0 ? double.NaN : values[Math.Min(values.Count - 1, (int)(values.Count * share))];
        }
    }

    private static async Task RetryAsync(RawGateway gateway, byte[]? alarm, bool isAlarm, CancellationToken stop)
    {
        using var random = RandomNumberGenerator.Create();
        var backoff = new RetryBackoff(random);
        while (true)
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
                limit.CancelAfter(TimeSpan.FromSeconds(12));
                await gateway.ConnectAsync(limit.Token);
                if (alarm is null)
                    return;
                if (await gateway.PostAsync("events", alarm, limit.Token) == 202)
                    return;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException or OperationCanceledException && !stop.IsCancellationRequested)
            {
                // The storm is on; the back-off decides.
            }

            await Task.Delay(backoff.HandleFailure(isAlarm, null), stop);
        }
    }

    private async Task<RawGateway[]> ConnectAsync(int connections)
    {
        RawGateway[] active = [.. _gateways.Take(connections)];
        foreach (RawGateway gateway in active)
            await gateway.ConnectAsync(CancellationToken.None);
        return active;
    }

    private static byte[] Document(string gateway, string epoch, ref ulong seq, int batch, EventPriority priority = EventPriority.Status)
    {
        var x = new XmlOutput();
        SmaWriter.StartEvents(x, gateway, epoch);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        for (int i = 0; i < batch; i++)
        {
            seq++;
            SmaWriter.WriteEvent(x, new SmaEvent
            {
                Id = $"{epoch}-{seq}", Seq = seq, Time = now, Kind = SmaEventKinds.DeviceState, Priority = priority,
                Device = new DeviceBody { Ref = "zone-15", Properties = [new DeviceProperty("contact", (seq & 1) == 0 ? "open" : "closed", now)] },
            });
        }

        x.End("events"u8);
        return x.Written.ToArray();
    }
}
