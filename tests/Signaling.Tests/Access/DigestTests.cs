using System.Text.Json;
using MediaRelay.Signaling.Access;
using MediaRelay.Tests.Support;

namespace MediaRelay.Signaling.Tests.Access;

/// <summary>HTTP digest (RFC 7616) against published vectors, and the rules for nonces.</summary>
public sealed class DigestTests
{
    public static TheoryData<string> Vectors => [.. Rows().Select(row => row.GetProperty("id").GetString()!)];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_response_equals_the_published_one(string id)
    {
        JsonElement row = Rows().Single(one => one.GetProperty("id").GetString() == id);
        string Text(string name) => row.GetProperty(name).GetString()!;
        DigestAlgorithm algorithm = Text("algorithm") == "MD5" ? DigestAlgorithm.Md5 : DigestAlgorithm.Sha256;
        string userHash = DigestHash.UserHash(algorithm, Text("username"), Text("realm"), Text("password"));
        Assert.Equal(Text("response"), DigestHash.Response(algorithm, userHash, Text("nonce"), Convert.ToUInt32(Text("nc"), 16), Text("cnonce"), Text("method"), Text("uri")));
    }

    [Fact]
    public void There_are_vectors_of_both_algorithms() => Assert.True(Rows().Select(row => row.GetProperty("algorithm").GetString()).Distinct().Count() == 2);

    [Fact]
    public void A_nonce_count_is_used_once_within_a_window_of_128()
    {
        var nonces = new DigestNonces("r", TimeSpan.FromMinutes(5), new CountingRandom());
        string nonce = nonces.Issue(TimeSpan.Zero);
        Assert.True(nonces.TryUse(nonce, 200, TimeSpan.Zero));
        Assert.False(nonces.TryUse(nonce, 200, TimeSpan.Zero));
        Assert.True(nonces.TryUse(nonce, 73, TimeSpan.Zero));
        Assert.False(nonces.TryUse(nonce, 73, TimeSpan.Zero));
        Assert.False(nonces.TryUse(nonce, 72, TimeSpan.Zero));
        Assert.True(nonces.TryUse(nonce, 400, TimeSpan.Zero));
        Assert.False(nonces.TryUse(nonce, 200, TimeSpan.Zero));
        Assert.False(nonces.TryUse(nonce, 0, TimeSpan.Zero));
    }

    [Fact]
    public void A_nonce_ages_and_one_of_another_key_or_realm_is_forged()
    {
        var nonces = new DigestNonces("r", TimeSpan.FromMinutes(5), new CountingRandom(1));
        string nonce = nonces.Issue(TimeSpan.Zero);
        Assert.Equal(DigestNonceState.Valid, nonces.Check(nonce, TimeSpan.FromMinutes(5)));
        Assert.Equal(DigestNonceState.Stale, nonces.Check(nonce, TimeSpan.FromMinutes(5.01)));
        Assert.Equal(DigestNonceState.Forged, new DigestNonces("other", TimeSpan.FromMinutes(5), new CountingRandom(1)).Check(nonce, TimeSpan.Zero));
        Assert.Equal(DigestNonceState.Forged, new DigestNonces("r", TimeSpan.FromMinutes(5), new CountingRandom(2)).Check(nonce, TimeSpan.Zero));
        Assert.Equal(DigestNonceState.Forged, nonces.Check("AAAA", TimeSpan.Zero));
    }

    [Theory]
    [InlineData("Basic dXNlcjpwYXNz")]
    [InlineData("Digest")]
    [InlineData("Digest username=\"a\"")]
    [InlineData("Digest username=\"a\", username=\"b\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"x\", cnonce=\"c\", qop=auth, nc=00000001")]
    [InlineData("Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"x\", cnonce=\"c\", qop=auth, nc=1")]
    [InlineData("Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"x\", cnonce=\"c\", qop=auth, nc=00000001, algorithm=SHA-512-256")]
    [InlineData("Digest username=\"a")]
    public void A_header_that_is_malformed_or_lacks_a_field_is_no_credentials(string header) => Assert.False(DigestCredentials.TryRead(header, out _));

    [Fact]
    public void The_client_takes_the_strongest_challenge_and_counts_per_nonce()
    {
        var client = new DigestClient("gw", "pass", new CountingRandom());
        Assert.Null(client.Authorize("GET", "/x"));
        Assert.True(client.HandleChallenge(["Digest realm=\"r\", qop=\"auth\", nonce=\"m\", algorithm=MD5", "Digest realm=\"r\", qop=\"auth,auth-int\", nonce=\"s\", algorithm=SHA-256"]));
        Assert.True(DigestCredentials.TryRead(client.Authorize("GET", "/x?y=1"), out DigestCredentials? first));
        Assert.True(DigestCredentials.TryRead(client.Authorize("GET", "/x"), out DigestCredentials? second));
        Assert.Equal((DigestAlgorithm.Sha256, "s", 1u, 2u), (first.Algorithm, first.Nonce, first.NonceCount, second.NonceCount));
        Assert.Equal(DigestHash.Response(DigestAlgorithm.Sha256, DigestHash.UserHash(DigestAlgorithm.Sha256, "gw", "r", "pass"), "s", 1, first.ClientNonce, "GET", "/x?y=1"), first.Response);
        client.HandleInfo("nextnonce=\"t\", qop=auth");
        Assert.True(DigestCredentials.TryRead(client.Authorize("GET", "/x"), out DigestCredentials? third));
        Assert.Equal(("t", 1u), (third.Nonce, third.NonceCount));
    }

    private static IEnumerable<JsonElement> Rows() => VectorFile.Rows("http_digest.json", "vectors").Where(row =>
        row.GetProperty("algorithm").GetString() is "MD5" or "SHA-256" && row.TryGetProperty("qop", out JsonElement qop) && qop.GetString() == "auth");
}
