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

    /// <summary>Closed loop: events per second that were durable before their answer, and the cores that server and generator used.</summary>
    public async Task<Throughput> ThroughputAsync(int connections, int batch, TimeSpan length)
    {
        RawGateway[] active = await ConnectAsync(connections);
        string epoch = $"e{++_epoch}";
        long events = 0;
        TimeSpan cpu = _server.Cpu(), own = Own();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(active.Select(gateway => Task.Run(async () =>
        {
            var post = new PreparedPost(gateway.Id, epoch, batch);
            while (watch.Elapsed < length)
            {
                if (await gateway.PostAsync(post.Next(), CancellationToken.None) != 202)
                    throw new InvalidOperationException("An event was refused.");
                Interlocked.Add(ref events, batch);
            }
        })));
        return new Throughput(events / watch.Elapsed.TotalSeconds, (_server.Cpu() - cpu) / watch.Elapsed, (Own() - own) / watch.Elapsed);
    }

    /// <summary>Open loop at a given rate: percentiles from the moment a post was due until its answer.</summary>
    public async Task<List<double>> AcknowledgeAsync(int connections, int batch, double eventsPerSecond, TimeSpan length)
    {
        RawGateway[] active = await ConnectAsync(connections);
        string epoch = $"e{++_epoch}";
        TimeSpan gap = TimeSpan.FromSeconds(connections * batch / eventsPerSecond);
        var times = new List<double>();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(active.Select((gateway, i) => Task.Run(async () =>
        {
            var post = new PreparedPost(gateway.Id, epoch, batch);
            TimeSpan due = gap * i / connections;
            while (due < length)
            {
                if (due > watch.Elapsed)
                    await Task.Delay(due - watch.Elapsed);
                // A delay of the generator's own timer (1 ms steps) is not the server's.
                TimeSpan start = due > watch.Elapsed - TimeSpan.FromMilliseconds(2) ? watch.Elapsed : due;
                await gateway.PostAsync(post.Next(), CancellationToken.None);
                lock (times)
                    times.Add((watch.Elapsed - start).TotalMilliseconds);
                due += gap;
            }
        })));
        return times;
    }

    /// <summary>99th percentile of gateways that behave, alone and while one other gateway sends batches of 256 as fast as it can; and how many of those were refused.</summary>
    public async Task<(double Alone, double Stormed, long Refused, long Sent)> StormAsync(int connections, double eventsPerSecond, TimeSpan length)
    {
        double alone = Percentile(await AcknowledgeAsync(connections, 1, eventsPerSecond, length), 0.99);
        RawGateway stormer = _gateways[connections];
        await stormer.ConnectAsync(CancellationToken.None);
        var post = new PreparedPost(stormer.Id, "storm", 256);
        long refused = 0, sent = 0;
        using var stop = new CancellationTokenSource();
        Task storm = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                sent++;
                try
                {
                    if (await stormer.PostAsync(post.Next(), CancellationToken.None) == 429)
                        refused++;
                }
                catch (IOException)
                {
                    // Refused before the body was read: the server may close the connection. A storm comes back.
                    refused++;
                    await stormer.ConnectAsync(CancellationToken.None);
                }
            }
        });
        double stormed = Percentile(await AcknowledgeAsync(connections, 1, eventsPerSecond, length), 0.99);
        await stop.CancelAsync();
        await storm;
        return (alone, stormed, refused, sent);
    }

    /// <summary>Server memory per held GET over mutual TLS, the runtime's heap in it, and how fast the connections opened.</summary>
    public async Task<(double BytesPerGet, double HeapPerGet, double OpenPerSecond, CancellationTokenSource Stop, Task Held)> HoldAsync(int count, List<double> latencies)
    {
        (long before, long heapBefore) = _server.Memory();
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
            ulong seen = 0;
            while (!stop.IsCancellationRequested)
            {
                int status;
                try
                {
                    status = await gateway.GetAsync(string.Create(CultureInfo.InvariantCulture, $"instructions?after={seen}&wait=25"), stop.Token);
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
                    seen = Math.Max(seen, instruction.Seq);
                    lock (latencies)
                        latencies.Add(Stopwatch.GetElapsedTime(long.Parse(instruction.Id.AsSpan(1), CultureInfo.InvariantCulture), now).TotalMilliseconds);
                }
            }
        }));
        while (Volatile.Read(ref held) < count)
            await Task.Delay(50);
        double open = count / watch.Elapsed.TotalSeconds;
        await Task.Delay(2000);
        (long after, long heapAfter) = _server.Memory();
        return ((after - before) / (double)count, (heapAfter - heapBefore) / (double)count, open, stop, all);
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
            var post = new PreparedPost(gateway.Id, "alarm", 1, EventPriority.Alarm);
            post.Next();
            PreparedPost? alarm = post;
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

    private static async Task RetryAsync(RawGateway gateway, PreparedPost? alarm, bool isAlarm, CancellationToken stop)
    {
        using var random = RandomNumberGenerator.Create();
        var backoff = new RetryBackoff(random);
        while (true)
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
                // As the gateway does: RetryBackoff.Patience for alarms, the connect limit of its client otherwise.
                limit.CancelAfter(isAlarm ? backoff.AlarmPatience : TimeSpan.FromSeconds(12));
                await gateway.ConnectAsync(limit.Token);
                if (alarm is null)
                    return;
                if (await gateway.PostAsync(alarm.Again, limit.Token) == 202)
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

    private static TimeSpan Own()
    {
        using var own = Process.GetCurrentProcess();
        return own.TotalProcessorTime;
    }
}

/// <summary>A rate, with the cores that the server and the generator used for it.</summary>
internal readonly record struct Throughput(double PerSecond, double ServerCores, double GeneratorCores)
{
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:N0} (server {ServerCores:0.00} cores, generator {GeneratorCores:0.00})");
}
