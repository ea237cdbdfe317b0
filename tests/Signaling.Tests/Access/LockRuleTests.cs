using MediaRelay.Signaling.Access;

namespace MediaRelay.Signaling.Tests.Access;

/// <summary>Everything that may open the home needs the right to unlock; only what closes it or is known to be harmless does not.</summary>
public sealed class LockRuleTests
{
    [Theory]
    [InlineData("lock", "locked", "true", false)]
    [InlineData("lock", "state", "locked", false)]
    [InlineData("lock", "closed", "yes", false)]
    [InlineData("garage", "state", "closed", false)]
    [InlineData("garage", "open", "false", false)]
    [InlineData("lock", "locked", "false", true)]
    [InlineData("lock", "locked", "0", true)]
    [InlineData("lock", "state", "Unlocked", true)]
    [InlineData("lock", "state", "unlock", true)]
    [InlineData("lock", "state", "LOCKED", true)]
    [InlineData("lock", "latch", "true", true)]
    [InlineData("garage", "open", "true", true)]
    [InlineData("gate", "state", "open", true)]
    [InlineData(null, "locked", "false", true)]
    [InlineData(null, "on", "true", true)]
    [InlineData("light", "on", "false", false)]
    [InlineData("thermostat", "mode", "off", false)]
    public void Opening_is_told_from_closing_and_what_is_not_known_is_taken_for_opening(string? type, string property, string value, bool mayOpen) =>
        Assert.Equal(mayOpen, LockRule.MayOpen(type, property, value));
}
