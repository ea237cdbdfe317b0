using System.Text;
using MediaRelay.Signaling.Access;

namespace MediaRelay.Signaling.Tests.Access;

public sealed class TotpTests
{
    // RFC 6238 appendix B (SHA-1), last six of its eight digits.
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void The_codes_of_RFC_6238(long seconds, string code) =>
        Assert.Equal(code, Totp.Code("12345678901234567890"u8, Totp.Step(DateTimeOffset.FromUnixTimeSeconds(seconds))));

    [Fact]
    public void A_code_fits_one_step_around_now_and_never_twice()
    {
        byte[] secret = Encoding.ASCII.GetBytes("12345678901234567890");
        var now = DateTimeOffset.FromUnixTimeSeconds(1111111111);
        long step = Totp.Step(now);
        Assert.Equal(step - 1, Totp.Verify(secret, Totp.Code(secret, step - 1), now, 0));
        Assert.Equal(step, Totp.Verify(secret, Totp.Code(secret, step), now, step - 1));
        Assert.Null(Totp.Verify(secret, Totp.Code(secret, step), now, step));
        Assert.Null(Totp.Verify(secret, Totp.Code(secret, step - 2), now, 0));
        Assert.Null(Totp.Verify(secret, "12345", now, 0));
    }

    [Fact]
    public void Secrets_are_written_in_base_32() => Assert.Equal("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Totp.Text("12345678901234567890"u8));
}
