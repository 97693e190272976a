using Staithe.Recipes;

namespace Staithe.Tests.Recipes;

/// <summary>Labels read as <c>podman container runlabel</c> reads them: this is what podman 4.3 printed, and a test of the real program compares again.</summary>
public sealed class RunLabelTests
{
    const string Image = "localhost/team/my-app:1.2";

    /// <summary>A label, and what <c>runlabel --display</c> makes of it for the image my-app; null where it refuses.</summary>
    public static TheoryData<string, string?> Labels => new()
    {
        { "podman run -d --name NAME IMAGE", $"podman run -d --name my-app {Image}" },
        { "podman run -d --name ${NAME} -v /var/lib/${NAME}:/data ${IMAGE}", $"podman run -d --name my-app -v /var/lib/my-app:/data {Image}" },
        { "podman run $NAME $IMAGE NAME=NAME NAME=$NAME IMAGE=IMAGE IMAGE=${IMAGE} x=NAME --name=NAME --label=x=IMAGE -e A=IMAGE", $"podman run my-app {Image} NAME=my-app NAME=my-app IMAGE={Image} IMAGE={Image} x=my-app --name=my-app --label=x={Image} -e A={Image}" },
        { "podman run a$NAME-b /x/$NAME/y $NAMEX ${NAMEX} a${NAME}b${IMAGE}c", $"podman run amy-app-b /x/my-app/y my-appX amy-appb{Image}c" },
        { "podman run $HOME ${HOME} $OPT1 ${OPT2}x OPT3 ${SUDO_UID} $1 $$ IMAGE", $"podman run x OPT3 {Image}" },
        { "podman run -v $PWD:/x ${PWD}/y IMAGE", $"podman run -v $PWD:/x ${{PWD}}/y {Image}" },
        { "docker run 'single $NAME' \"double $NAME\" \\$NAME a\\ b IMAGE:x xIMAGE IMAGEx NAMEs", "podman run single my-app double my-app my-app a b IMAGE:x xIMAGE IMAGEx NAMEs" },
        { "/usr/bin/docker run IMAGE", $"podman run {Image}" },
        { "podman run IMAGE; rm x # comment NAME", "podman run IMAGE; rm x" },
        { "podman run a#b IMAGE", $"podman run a#b {Image}" },
        { "podman run 'a  b' \"c'd\" IMAGE", null },
        { "podman run 'IMAGE", null },
        { "podman run IMAGE \\", null },
        { "podman run ${NAME:-x} ${IMAGE%%:*} ${} ${ $ IMAGE", $"podman run $ {Image}" },
        { "podman run '' \"\" -e A=\"b c\" IMAGE", $"podman run -e A=b c {Image}" },
        { "podman run --name ${name} $Image IMAGE", $"podman run --name {Image}" },
        { "podman run -v ${DATADIR}:/x\t-v ${CONFDIR} ${HOST}\n/host/${NAME} IMAGE", $"podman run -v :/x -v /host/my-app {Image}" },
    };

    [Theory, MemberData(nameof(Labels))]
    public void A_label_is_read_as_podman_reads_it(string label, string? shown)
    {
        var words = RunLabel.Read(label, "my-app", Image);
        Assert.Equal(shown, words is null ? null : string.Join(' ', ["podman", .. words.Skip(1)])); // which always shows itself as the program
    }

    [Theory]
    [InlineData("run")]
    [InlineData("RUN")]
    [InlineData("Run")]
    [InlineData("INSTALL")]
    [InlineData("Uninstall")]
    [InlineData("UNINSTALL")]
    [InlineData("USAGE")]
    public void A_label_is_found_in_any_case(string label)
    {
        var recipe = Recipe.From(HostileImage.Image(HostileImage.Config($$"""{"config":{"Labels":{"{{label}}":"podman run IMAGE","other":"x"} } }""")), RecipeOptions.None);
        var command = Assert.Single(PublisherRecipe.OfLabels(recipe).Commands);
        Assert.Equal((label.ToLowerInvariant(), "podman run IMAGE"), (command.Title, command.Text));
    }

    [Fact]
    public void What_is_written_as_the_engine_asks_for_it_comes_first()
    {
        var recipe = Recipe.From(HostileImage.Image(HostileImage.Config("""{"config":{"Labels":{"RUN":"podman run a","run":"podman run b","Run":"podman run c"} } }""")), RecipeOptions.None);
        Assert.Equal("podman run b", Assert.Single(PublisherRecipe.OfLabels(recipe).Commands).Text);
    }
}
