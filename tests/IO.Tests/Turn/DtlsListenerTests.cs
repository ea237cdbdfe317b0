using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.IO;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>What DTLS clients may cost before and after they are known: real sockets and OpenSSL, the relay's clock by hand.</summary>
public sealed class DtlsListenerTests : IAsyncLifetime, IDisposable
{
    private const int Most = 8;
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-dtls").FullName;
    private readonly ManualTime _time = new();
    private readonly List<DtlsTestClient> _clients = [];
    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();
    private TurnServer _server = null!;
    private DtlsTestClient _honest = null!;

    public async Task InitializeAsync()
    {
        TestCertificate.Write("relay.test", Path.Combine(_folder, "c.pem"), Path.Combine(_folder, "k.pem"));
        var options = new TurnOptions
        {
            Listen = [], DtlsListen = ["127.0.0.1:0"], RelayAddresses = ["127.0.0.1"], Workers = 1, DtlsHandshakes = Most,
            Certificate = Path.Combine(_folder, "c.pem"), CertificateKey = Path.Combine(_folder, "k.pem"),
        };
        _server = new TurnServer(options, _time, NullLoggerFactory.Instance, _services);
        await _server.StartAsync(CancellationToken.None);
        _honest = DtlsTestClient.Connect(Address);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose()
    {
        _honest.Dispose();
        _clients.ForEach(client => client.Dispose());
        _services.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void More_handshakes_than_allowed_cost_the_oldest_and_who_completes_is_served()
    {
        var strangers = Enumerable.Range(0, Most).Select(_ => HalfOpen()).ToList();
        Settle();
        Assert.Equal((Most, Most + 1), (_server.Dtls!.HalfOpen, _server.Dtls.Count));

        Connect().Ask();
        Settle();
        Assert.Equal((Most - 1, Most + 1), (_server.Dtls.HalfOpen, _server.Dtls.Count));
        Assert.False(Completes(strangers[0]));
        Assert.True(Completes(strangers[1]));

        // However many come after, they only take the places of each other.
        for (var i = 0; i < 3 * Most; i++)
            HalfOpen();
        Settle();
        Assert.Equal(Most, _server.Dtls.HalfOpen);
        strangers[1].Ask();
    }

    [Fact]
    public void A_handshake_that_is_not_done_in_five_seconds_is_gone_and_one_that_is_done_stays()
    {
        var (slow, never) = (HalfOpen(), HalfOpen());
        Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(2, _server.Dtls!.HalfOpen);
        Assert.True(Completes(slow));
        Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal((0, 2), (_server.Dtls.HalfOpen, _server.Dtls.Count));
        Assert.False(Completes(never));
        slow.Ask();
    }

    [Fact]
    public void Of_a_client_that_ended_nothing_waits_for_the_end_of_its_idle_time()
    {
        for (var i = 0; i < 5; i++)
        {
            var client = Connect();
            Advance(TimeSpan.FromSeconds(1));
            client.Close();
        }

        Settle();
        Assert.Equal((1, 1), (_server.Dtls!.Count, _server.Dtls.Timers));
    }

    private TransportAddress Address => _server.Listeners.Single().Address;

    private DtlsTestClient HalfOpen()
    {
        var client = new DtlsTestClient(Address);
        _clients.Add(client);
        return client;
    }

    private DtlsTestClient Connect()
    {
        var client = DtlsTestClient.Connect(Address);
        _clients.Add(client);
        return client;
    }

    /// <summary>Sends the last flight and tells whether it was answered.</summary>
    private bool Completes(DtlsTestClient client)
    {
        client.Answer();
        Settle();
        if (!client.HasHeard)
            return false;
        client.Finish();
        client.Ask();
        return true;
    }

    private void Advance(TimeSpan time)
    {
        _time.Advance(time);
        Settle();
    }

    /// <summary>Two questions after each other: the second is read only after the turn that read the first, its timers included.</summary>
    private void Settle()
    {
        _honest.Ask();
        _honest.Ask();
    }
}
