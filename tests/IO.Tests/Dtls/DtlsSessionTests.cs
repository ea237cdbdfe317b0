using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MediaRelay.Dtls;

namespace MediaRelay.IO.Tests.Dtls;

public sealed class DtlsSessionTests
{
    [Fact]
    public void Both_sides_agree_on_keys_profile_and_fingerprints()
    {
        using var pair = new DtlsPair();
        Assert.True(pair.Handshake(), pair.Client.Failure ?? pair.Server.Failure);
        var client = new byte[56];
        var server = new byte[56];
        pair.Client.ExportSrtpKeys(client);
        pair.Server.ExportSrtpKeys(server);
        Assert.Equal(client, server);
        Assert.Contains(client, b => b != 0);
        Assert.Equal(DtlsSrtpProfile.AeadAes128Gcm, pair.Client.SrtpProfile);
        Assert.Equal(DtlsSrtpProfile.AeadAes128Gcm, pair.Server.SrtpProfile);
        Assert.True(pair.Client.PeerMatches(DtlsPair.ServerCertificate.Fingerprint));
        Assert.True(pair.Server.PeerMatches(DtlsPair.ClientCertificate.Fingerprint));
        Assert.False(pair.Server.PeerMatches(DtlsPair.ServerCertificate.Fingerprint));
        Assert.Contains("GCM", pair.Client.CipherName, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1200)]
    [InlineData(600)]
    [InlineData(300)]
    public void No_datagram_exceeds_the_mtu(int mtu)
    {
        using var pair = new DtlsPair(mtu: mtu);
        Assert.True(pair.Handshake());
        Assert.InRange(pair.Largest, 100, mtu);
    }

    [Theory]
    [InlineData(0b1)]
    [InlineData(0b10)]
    [InlineData(0b101)]
    [InlineData(0b111)]
    public void Lost_datagrams_are_repeated_by_the_callers_timer(int lost)
    {
        using var pair = new DtlsPair();
        Assert.True(pair.Handshake(number => number < 31 && (lost >> number & 1) == 1), pair.Client.Failure ?? pair.Server.Failure);
        Assert.True(pair.Sent > 4);
        Assert.Null(pair.Client.NextDeadline);
    }

    [Fact]
    public void The_profile_is_the_one_both_know()
    {
        var old = DtlsContextSettings.Srtp with { SrtpProfiles = [DtlsSrtpProfile.AesCm128HmacSha1Tag80] };
        using var pair = new DtlsPair(client: old);
        Assert.True(pair.Handshake());
        Assert.Equal(DtlsSrtpProfile.AesCm128HmacSha1Tag80, pair.Server.SrtpProfile);
    }

    [Fact]
    public void Application_data_passes_both_ways_and_close_is_seen()
    {
        using var pair = new DtlsPair(DtlsContextSettings.Turn, DtlsContextSettings.Turn);
        Assert.True(pair.Handshake());
        Assert.Equal("stun.turn", pair.Client.ApplicationProtocol);
        Assert.Equal("stun.turn", pair.Server.ApplicationProtocol);
        Assert.Equal(DtlsSrtpProfile.None, pair.Client.SrtpProfile);
        Assert.Equal(0, pair.Server.PeerFingerprint.Length);

        var buffer = new byte[2000];
        Assert.True(pair.Client.Write("question"u8));
        Assert.True(pair.Client.Write("second"u8));
        pair.Move(pair.Client, pair.Server);
        Assert.Equal("question", Encoding.ASCII.GetString(buffer, 0, pair.Server.Read(buffer)));
        Assert.Equal("second", Encoding.ASCII.GetString(buffer, 0, pair.Server.Read(buffer)));
        Assert.Equal(0, pair.Server.Read(buffer));
        Assert.True(pair.Server.Write("answer"u8));
        pair.Move(pair.Server, pair.Client);
        Assert.Equal("answer", Encoding.ASCII.GetString(buffer, 0, pair.Client.Read(buffer)));

        pair.Client.Close();
        pair.Move(pair.Client, pair.Server);
        Assert.Equal(0, pair.Server.Read(buffer));
        Assert.Equal(DtlsState.Closed, pair.Server.State);
        Assert.False(pair.Client.Write("late"u8));
    }

    [Fact]
    public void Forwarding_application_data_allocates_nothing()
    {
        using var pair = new DtlsPair(DtlsContextSettings.Turn, DtlsContextSettings.Turn);
        Assert.True(pair.Handshake());
        var payload = new byte[1000];
        var datagram = new byte[1500];
        var plain = new byte[1500];
        var received = 0;
        void Pass()
        {
            pair.Client.Write(payload);
            while (pair.Client.TryTakeDatagram(datagram, out var length)) pair.Server.HandleDatagram(datagram.AsSpan(0, length), TimeSpan.Zero);
            while (pair.Server.Read(plain) > 0) received++;
        }
        for (var i = 0; i < 200; i++) Pass();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Pass();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1200, received);
    }

    [Fact]
    public void Without_a_client_certificate_a_server_that_asks_for_one_refuses()
    {
        using var pair = new DtlsPair();
        using var context = new DtlsContext(DtlsPair.ClientCertificate, DtlsContextSettings.Srtp with { RequirePeerCertificate = false });
        using var server = new DtlsSession(context, DtlsRole.Server);
        pair.Client.Start(pair.Now);
        for (var round = 0; round < 10; round++)
        {
            pair.Move(pair.Client, server);
            pair.Move(server, pair.Client);
        }
        Assert.Equal(DtlsState.Connected, server.State);
        Assert.Equal(0, server.PeerFingerprint.Length);
        Assert.False(server.PeerMatches(DtlsPair.ClientCertificate.Fingerprint));
    }

    [Fact]
    public void Garbage_and_hellos_without_our_suites_change_nothing()
    {
        using var pair = new DtlsPair();
        pair.Client.Start(pair.Now);
        var hello = new byte[1500];
        Assert.True(pair.Client.TryTakeDatagram(hello, out var length));
        var stranger = hello[..length].ToArray();
        Assert.True(ClientHello.TryRead(stranger, out var view));
        var suites = stranger.AsSpan().IndexOf(view.CipherSuites);
        stranger.AsSpan(suites, view.CipherSuites.Length).Clear();
        pair.Server.HandleDatagram(stranger, pair.Now);
        for (var cut = 0; cut < length; cut++) pair.Server.HandleDatagram(hello.AsSpan(0, cut), pair.Now);
        var random = new Random(7);
        for (var i = 0; i < 5000; i++)
        {
            var noise = new byte[random.Next(0, 300)];
            random.NextBytes(noise);
            if (noise.Length > 14)
            {
                noise[0] = (byte)random.Next(20, 26);
                noise[1] = 0xFE;
                noise[2] = 0xFD;
                noise[11] = 0;
                noise[12] = (byte)Math.Min(255, noise.Length - 13);
            }
            pair.Server.HandleDatagram(noise, pair.Now);
        }
        Assert.Equal(DtlsState.New, pair.Server.State);
        pair.Server.HandleDatagram(hello.AsSpan(0, length), pair.Now);
        Assert.True(pair.Handshake(), pair.Server.Failure);
    }

    [Fact]
    public void Noise_during_and_after_the_handshake_does_not_end_it()
    {
        using var pair = new DtlsPair();
        var random = new Random(11);
        var noise = new byte[200];
        Assert.True(pair.Handshake(_ =>
        {
            random.NextBytes(noise);
            (noise[0], noise[1], noise[2], noise[11], noise[12]) = ((byte)random.Next(20, 26), 0xFE, 0xFD, 0, 187);
            noise[3] = noise[4] = 1;
            pair.Server.HandleDatagram(noise, pair.Now);
            pair.Client.HandleDatagram(noise, pair.Now);
            return false;
        }), pair.Client.Failure ?? pair.Server.Failure);
        for (var i = 0; i < 1000; i++)
        {
            random.NextBytes(noise);
            (noise[0], noise[1], noise[2], noise[11], noise[12]) = ((byte)random.Next(20, 26), 0xFE, 0xFD, 0, 187);
            pair.Server.HandleDatagram(noise, pair.Now);
            Assert.Equal(0, pair.Server.Read(new byte[500]));
        }
        Assert.Equal(DtlsState.Connected, pair.Server.State);
    }

    [Fact]
    public void Pem_pairs_of_both_key_kinds_are_taken_and_others_are_refused()
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=turn.example", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var loaded = DtlsCertificate.FromPem(certificate.ExportCertificatePem(), rsa.ExportPkcs8PrivateKeyPem());
        Assert.Equal(certificate.GetCertHashString(HashAlgorithmName.SHA256), loaded.FingerprintText.Replace(":", "", StringComparison.Ordinal));
        using (new DtlsContext(loaded, DtlsContextSettings.Turn)) { }
        Assert.Throws<DtlsException>(() => DtlsCertificate.FromPem("", ""));
        using var other = RSA.Create(2048);
        Assert.Throws<DtlsException>(() => DtlsCertificate.FromPem(certificate.ExportCertificatePem(), other.ExportPkcs8PrivateKeyPem()));
    }
}
